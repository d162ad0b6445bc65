"""The packages of the wheel: qeu_rag as it stands, and configs/ (top level here) as qeu_rag/configs inside it."""

from setuptools import find_namespace_packages, setup

setup(
    packages=[
        *find_namespace_packages(include=["qeu_rag", "qeu_rag.*"], exclude=["*.__pycache__*"]),
        "qeu_rag.configs",
    ],
    package_dir={"qeu_rag.configs": "configs"},
    package_data={
        "qeu_rag.answer.gate": ["*.json"],
        "qeu_rag.configs": ["*.yaml"],
        "qeu_rag.index.encoder": ["*.safetensors", "*.npy", "*.json", "*.md", "NOTICE"],
        "qeu_rag.models": ["*.yaml"],
    },
)
