"""Internet mail (.eml) and Outlook messages (.msg)."""
