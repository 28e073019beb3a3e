"""Parquet files: one table, its values as text."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from konbit_lessons.errors import SourceError
from konbit_lessons.field.sources.file import File
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
        raise SourceError(f"{name}: cannot be read as Parquet ({error}). Write it again.") from error
    columns = zip(table.column_names, map(_values, table.columns), strict=True)
    return {"main": Frame(text_frame(columns, rows=table.num_rows, name=name), "")}, []


def _values(column: pa.ChunkedArray) -> list:
    """Python values; numbers of single precision stay single, so that 0.1 is not 0.10000000149."""
    if pa.types.is_float16(column.type) or pa.types.is_float32(column.type):
        single = np.float16 if pa.types.is_float16(column.type) else np.float32
        return [None if value is None else single(value) for value in column.to_pylist()]
    return column.to_pylist()
