"""Lists as people keep them: where their header stands, and the rows of a delimited text or an Excel workbook as text."""
