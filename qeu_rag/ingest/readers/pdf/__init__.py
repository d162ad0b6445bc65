"""PDF files: lines, tables, columns, notes and forms."""
