"""Parquet files: one table, its values as text."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.guard import refuse
from konbit_lessons.field.sources.raw import Asked, Frame, Read
from konbit_lessons.field.sources.typed import check_size, text_frame


def read(file: File, asked: Asked) -> Read:
    """One table."""
    name = file.path.name
    try:
        with pq.ParquetFile(file.path) as content:
            check_size(name, content.metadata.num_rows, len(content.schema_arrow))
            table = content.read()
    except (pa.ArrowException, OSError) as error:
        refuse(file.path, f"cannot be read as Parquet ({error}). Write it again.")
    rows = text_frame(table.column_names, map(_values, table.columns), rows=table.num_rows, where=name)
    return {"main": Frame(rows, "")}, []


def _values(column: pa.ChunkedArray) -> list:
    """Python values; numbers of single precision stay single, so that 0.1 is not 0.10000000149."""
    single = {pa.float16(): np.float16, pa.float32(): np.float32}.get(column.type)
    values = column.to_pylist()
    return values if single is None else [None if value is None else single(value) for value in values]
