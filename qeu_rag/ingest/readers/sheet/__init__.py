"""Excel files (.xlsx, .xlsm, and the main parts of .xls)."""
