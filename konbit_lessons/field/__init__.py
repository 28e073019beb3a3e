"""Field files → typed tables: programme.toml, readers, identities of organizations, cleaning, storage, drafting.

Knows no sentence and no picture. Above the ground (errors, periods, tables, words), below the panel.
"""
