"""What Office files share: their packages, drawings and charts; old files by LibreOffice."""
