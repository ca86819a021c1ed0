"""Names a value that no queue can hold, and says what to pass instead of it.

Types are told by the qualified names of their bases, so that nothing has to be imported to know a request of Flask.
"""

from __future__ import annotations

from types import FunctionType

_FILE = "Store the content somewhere that workers reach, pass its path and open it in the job"
_CONNECTION = "Open it in the job; pass what is needed to do so, such as a database name or a URL"
_REQUEST = "Pass the values that the job needs of it: ids, form fields, the URL"
_QUERY = "Pass the ids, or the values to query by, and query in the job"
_LOCK = "It lives in one process. To keep jobs apart, use unique() or limits_concurrency() on the job"
_ITERATOR = "It can be read once, and here alone. Pass list(value)"
_FUNCTION = "Pass data; make the function a job of its own, or choose it in the job by a name that you pass"
_AWAIT = "Await it and pass the result"
_PROCESS = "It lives in one process. Pass what the job needs to do its own work"
_ARRAY = "Pass value.tolist(), or store it and pass its path"
_FRAME = "Store it, as Parquet for example, and pass its path, or pass its records as a list of dicts"

# Qualified name of a base -> (what it is, advice). The first base in the method resolution order decides.
_CULPRITS: dict[str, tuple[str, str]] = {
    "_io._IOBase": ("an open file", _FILE),
    "tempfile._TemporaryFileWrapper": ("an open temporary file", _FILE),
    "_io.StringIO": ("an in-memory file", "Pass value.getvalue()"),
    "_io.BytesIO": ("an in-memory file", "Pass value.getvalue()"),
    "django.core.files.base.File": ("a file of Django", _FILE),
    "werkzeug.datastructures.file_storage.FileStorage": ("an uploaded file", _FILE),
    "starlette.datastructures.UploadFile": ("an uploaded file", _FILE),
    "builtins.function": ("a function", _FUNCTION),
    "builtins.builtin_function_or_method": ("a built-in function", _FUNCTION),
    "builtins.method": ("a bound method", "Pass the id of its object, and call the method in the job"),
    "functools.partial": ("a functools.partial", _FUNCTION),
    "builtins.generator": ("a generator", _ITERATOR),
    "builtins.async_generator": ("an async generator", "Collect its items and pass the list"),
    "builtins.coroutine": ("a coroutine (a missing await?)", _AWAIT),
    "_asyncio.Future": ("a future", _AWAIT),
    "_asyncio.Task": ("an asyncio task", _AWAIT),
    "concurrent.futures._base.Future": ("a future", "Wait for it and pass value.result()"),
    "builtins.map": ("a map iterator", _ITERATOR),
    "builtins.filter": ("a filter iterator", _ITERATOR),
    "builtins.zip": ("a zip iterator", _ITERATOR),
    "builtins.enumerate": ("an enumerate iterator", _ITERATOR),
    "builtins.dict_keys": ("a view of a dict's keys", "Pass list(value)"),
    "builtins.dict_values": ("a view of a dict's values", "Pass list(value)"),
    "builtins.dict_items": ("a view of a dict's items", "Pass list(value)"),
    "builtins.bytearray": ("a bytearray", "Pass bytes(value)"),
    "builtins.memoryview": ("a memoryview", "Pass bytes(value)"),
    "builtins.complex": ("a complex number", "Pass [value.real, value.imag]"),
    "builtins.slice": ("a slice", "Pass its start, stop and step"),
    "builtins.module": ("a module", "Pass its name and import it in the job"),
    "builtins.BaseException": ("an exception", "Pass what the job needs of it: type(error).__name__ and str(error)"),
    "builtins.traceback": ("a traceback", "Pass traceback.format_exc()"),
    "fractions.Fraction": ("a Fraction", "Pass str(value), or its numerator and denominator"),
    "collections.deque": ("a deque", "Pass list(value)"),
    "collections.ChainMap": ("a ChainMap", "Pass dict(value)"),
    "builtins.mappingproxy": ("a read-only view of a dict", "Pass dict(value)"),
    "re.Pattern": ("a compiled regular expression", "Pass value.pattern and compile it in the job"),
    "re.Match": ("a match of a regular expression", "Pass value.group() or value.groupdict()"),
    "logging.Logger": ("a logger", "Call logging.getLogger() in the job"),
    "_thread.lock": ("a lock", _LOCK),
    "_thread.RLock": ("a lock", _LOCK),
    "threading._RLock": ("a lock", _LOCK),
    "threading.Condition": ("a threading.Condition", _LOCK),
    "threading.Semaphore": ("a semaphore", _LOCK),
    "threading.Event": ("a threading.Event", _LOCK),
    "asyncio.locks.Lock": ("a lock", _LOCK),
    "asyncio.locks.Semaphore": ("a semaphore", _LOCK),
    "asyncio.locks.Event": ("an asyncio.Event", _LOCK),
    "asyncio.locks.Condition": ("an asyncio.Condition", _LOCK),
    "multiprocessing.synchronize.SemLock": ("a lock", _LOCK),
    "redis.lock.Lock": ("a lock", _LOCK),
    "threading.Thread": ("a thread", _PROCESS),
    "_thread._local": ("a thread-local object", _PROCESS),
    "multiprocessing.process.BaseProcess": ("a process", _PROCESS),
    "subprocess.Popen": ("a process", _PROCESS),
    "concurrent.futures._base.Executor": ("an executor", _PROCESS),
    "queue.Queue": ("an in-process queue", _PROCESS),
    "asyncio.queues.Queue": ("an in-process queue", _PROCESS),
    "_socket.socket": ("a socket", _CONNECTION),
    "sqlite3.Connection": ("a database connection", _CONNECTION),
    "sqlite3.Cursor": ("a database cursor", "Pass the rows: value.fetchall()"),
    "sqlite3.Row": ("a database row", "Pass dict(value)"),
    "psycopg.Connection": ("a database connection", _CONNECTION),
    "psycopg.AsyncConnection": ("a database connection", _CONNECTION),
    "psycopg2.extensions.connection": ("a database connection", _CONNECTION),
    "pymysql.connections.Connection": ("a database connection", _CONNECTION),
    "redis.client.Redis": ("a Redis connection", _CONNECTION),
    "redis.asyncio.client.Redis": ("a Redis connection", _CONNECTION),
    "django.utils.connection.ConnectionProxy": ("a database connection", _CONNECTION),
    "django.db.backends.base.base.BaseDatabaseWrapper": ("a database connection", _CONNECTION),
    "sqlalchemy.engine.base.Connection": ("a database connection", _CONNECTION),
    "sqlalchemy.engine.base.Engine": ("a database engine", _CONNECTION),
    "sqlalchemy.orm.session.Session": ("a database session", _CONNECTION),
    "sqlalchemy.ext.asyncio.session.AsyncSession": ("a database session", _CONNECTION),
    "sqlalchemy.orm.scoping.scoped_session": ("a database session", _CONNECTION),
    "requests.sessions.Session": ("an HTTP session", _CONNECTION),
    "httpx.Client": ("an HTTP client", _CONNECTION),
    "httpx.AsyncClient": ("an HTTP client", _CONNECTION),
    "aiohttp.client.ClientSession": ("an HTTP session", _CONNECTION),
    "django.db.models.query.QuerySet": (
        "a QuerySet",
        'Pass list(value.values_list("pk", flat=True)), or the values to filter by, and query in the job',
    ),
    "django.db.models.manager.BaseManager": ("a model manager", _QUERY),
    "sqlalchemy.orm.query.Query": ("an ORM query", _QUERY),
    "sqlalchemy.engine.result.Result": ("a query result", "Pass the ids of its rows"),
    "sqlalchemy.engine.row.Row": ("a database row", "Pass value._asdict()"),
    "sqlalchemy.sql.elements.ClauseElement": ("an SQL expression", _QUERY),
    "peewee.BaseQuery": ("an ORM query", _QUERY),
    "peewee.Model": ("a peewee model instance", "Pass its id, or name the model with register_reference()"),
    "django.http.request.HttpRequest": ("a request", _REQUEST),
    "rest_framework.request.Request": ("a request", _REQUEST),
    "werkzeug.sansio.request.Request": ("a request", _REQUEST),
    "starlette.requests.HTTPConnection": ("a request", _REQUEST),
    "aiohttp.web_request.BaseRequest": ("a request", _REQUEST),
    "django.http.response.HttpResponseBase": ("a response", "Pass its status and content"),
    "werkzeug.sansio.response.Response": ("a response", "Pass its status and content"),
    "requests.models.Response": ("a response", "Pass value.status_code and value.text or value.json()"),
    "httpx.Response": ("a response", "Pass value.status_code and value.text or value.json()"),
    "werkzeug.local.LocalProxy": ("a context-local proxy", "Pass value._get_current_object(), or its id"),
    "django.utils.functional.LazyObject": ("a lazy object of Django", "Pass what it stands for, or its id"),
    "django.utils.functional.Promise": ("a lazy translation", "Pass str(value)"),
    "pydantic.main.BaseModel": ("a pydantic model", 'Pass value.model_dump(mode="json") and validate it in the job'),
    "msgspec.Struct": ("a msgspec struct", "Pass msgspec.to_builtins(value) and convert it in the job"),
    "numpy.ndarray": ("a NumPy array", _ARRAY),
    "numpy.generic": ("a NumPy scalar", "Pass value.item()"),
    "pandas.core.frame.DataFrame": ("a DataFrame", _FRAME),
    "pandas.DataFrame": ("a DataFrame", _FRAME),
    "pandas.core.series.Series": ("a Series", _ARRAY),
    "pandas.Series": ("a Series", _ARRAY),
    "polars.dataframe.frame.DataFrame": ("a DataFrame", _FRAME),
    "unittest.mock.NonCallableMock": ("a mock", "Pass a real value: production would not have a mock to store either"),
}

# Base -> how to make a plain one of it. A subclass would come back as its base, so it is refused.
_PLAIN_FORMS = {
    "builtins.int": "int(value)",
    "builtins.float": "float(value)",
    "builtins.list": "list(value)",
    "builtins.dict": "dict(value)",
    "builtins.tuple": "tuple(value)",
    "builtins.set": "set(value)",
    "builtins.frozenset": "frozenset(value)",
    "builtins.bytes": "bytes(value)",
    "decimal.Decimal": "Decimal(str(value))",
    "uuid.UUID": "UUID(str(value))",
    "datetime.datetime": "datetime.fromisoformat(value.isoformat())",
    "datetime.date": "date.fromisoformat(value.isoformat())",
    "datetime.time": "time.fromisoformat(value.isoformat())",
    "datetime.timedelta": "timedelta(seconds=value.total_seconds())",
    "pathlib.PurePath": "Path(str(value))",
    "pathlib._local.PurePath": "Path(str(value))",
}

_REGISTER = "teach jobkit the type with register_serializer() or register_reference()"


def describe(value: object) -> tuple[str, str]:
    """What the value is, in words, and what to pass instead: ``("an open file", "Pass its path ...")``."""
    found = culprit(value)
    if found is not None:
        return found
    cls = type(value)
    for base in cls.__mro__:
        plain = _PLAIN_FORMS.get(_name(base))
        if plain is not None:
            return (
                f"{_typed(cls)}, which would come back as its base {base.__name__},",
                f"Pass {plain}, or {_REGISTER}",
            )
    return _typed(cls), f"Pass its id and load it in the job, pass its data as a dict or a dataclass, or {_REGISTER}"


def culprit(value: object) -> tuple[str, str] | None:
    """As `describe`, for the usual culprits alone: what no queue of any framework can hold."""
    cls = type(value)
    if cls is object:
        return "a bare object()", "It has no content that could be stored. Pass a value, such as None or a text"
    if cls is FunctionType and getattr(value, "__name__", None) == "<lambda>":
        return "a lambda", _FUNCTION
    for base in cls.__mro__:
        found = _CULPRITS.get(_name(base))
        if found is not None:
            return found
    if hasattr(cls, "__attrs_attrs__"):
        return f"an attrs instance ({cls.__qualname__})", "Pass attrs.asdict(value)"
    if hasattr(cls, "__next__"):
        return f"an iterator ({cls.__qualname__})", _ITERATOR
    return None


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _typed(cls: type) -> str:
    article = "an" if cls.__qualname__[:1].lower() in "aeiou" else "a"
    return f"{article} {cls.__qualname__}" + ("" if cls.__module__ == "builtins" else f" of {cls.__module__}")
