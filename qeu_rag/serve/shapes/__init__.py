"""The JSON that the native API answers with, as types: they make the OpenAPI document, so that a generated client has them, too.

They check nothing while the server runs; tests hold every answer against them. docs/api.md says what the fields mean.
"""
