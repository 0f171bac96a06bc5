"""Tables of any kind as plain columns: files, dataframes, mappings, lists of rows."""
