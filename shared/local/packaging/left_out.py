"""What no function needs of the packages in uv.lock. Patterns are fnmatch's, in which `*` passes slashes."""

from fnmatch import fnmatchcase

# Lambda's Python brings these.
BROUGHT_BY_LAMBDA = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
# They fetch models from a hub or convert them, and a function runs the one it is given.
UNUSED_BY_A_BUILT_MODEL = (
    "anyio", "click", "colorama", "filelock", "flatbuffers", "fsspec", "h11", "hf-xet", "httpcore2", "httpx2",
    "httpx2-jsfetch", "huggingface-hub", "idna", "packaging", "protobuf", "pyyaml", "tqdm", "truststore",
    "typing-extensions",
)  # fmt: skip
# Of no use without a compiler, a type checker or a terminal. Licences and entry points stay.
FILES_OF_ANY = (
    "bin/*", "*/tests/*", "*.c", "*.h", "*.pxd", "*.pyi", "*/py.typed",
    "*.dist-info/INSTALLER", "*.dist-info/RECORD", "*.dist-info/REQUESTED", "*.dist-info/WHEEL",
    "*.dist-info/sboms/*", "*.dist-info/top_level.txt",
)  # fmt: skip
FILES_OF_RUNTIME = (
    "aws_lambda_powertools/event_handler/*",
    "dotenv/cli.py",
    "dotenv/ipython.py",
    "fastapi/cli.py",
    "httpx/_main.py",
    "lark/__pyinstaller/*",
    "lark/tools/*",
    # The first generation of pydantic, which FastAPI loads for its users' old models when it is there.
    "pydantic/v1/*",
)
FILES_OF_MODEL = (
    "numpy/_pyinstaller/*",
    "numpy/ctypeslib/*",
    "numpy/f2py/*",
    "numpy/typing/*",
    # The library for C programs; Python's module has everything in itself.
    "onnxruntime/capi/libonnxruntime.so.*",
    "onnxruntime/datasets/*",
    "onnxruntime/quantization/*",
    "onnxruntime/tools/*",
    "onnxruntime/transformers/*",
)


def is_left_out(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a file of a layer, by its path inside `python/`, matches one of the patterns."""
    return any(fnmatchcase(path, pattern) for pattern in patterns)
