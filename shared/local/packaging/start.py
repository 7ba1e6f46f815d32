"""What a packaged function does before its first import."""

# Lambda imports the package `functions` first, so this is its code there; in the project it is empty.
FILE = "functions/__init__.py"
# Nearly all that imports make stays: to look for garbage in it is time lost, a twentieth of a cold start.
# `shared.aws.start` begins to look. A tenth is what FastAPI takes to build models of OpenAPI documents, which
# no function makes: where this is asked for, pydantic builds a model when it is first used.
CODE = '''"""Written by `concord package`: the start of every function."""

import gc

gc.disable()

from pydantic import BaseModel

BaseModel.model_config["defer_build"] = True
'''
