"""What kind of value an external call or object gives: for judging what is sent to a worker."""

from __future__ import annotations

from enum import StrEnum

from jobkit_lint.facts.patterns import PathTable


class Kind(StrEnum):
    """What an argument is, as far as it matters to a queue."""

    RECORD = "record"  # an ORM instance
    RECORDS = "records"  # a queryset or query
    PLAIN_ROWS = "plain rows"  # values of a query: ids, tuples, dicts
    PAYLOAD = "payload"  # a body of unknown size
    FILE = "file"
    BUFFER = "buffer"  # a file in memory, which can be pickled
    LOCK = "lock"
    CONNECTION = "connection"
    REQUEST = "request"
    FUNCTION = "function"  # a lambda or nested function
    GENERATOR = "generator"
    LAZY = "lazy"  # map, filter, zip, dict views
    COROUTINE = "coroutine"
    OBJECT = "object"  # an instance of a class of the project
    DATETIME = "datetime"
    DATE = "date"
    TIME = "time"
    TIMEDELTA = "timedelta"
    DECIMAL = "decimal"
    UUID = "uuid"
    ENUM = "enum"
    BYTES = "bytes"
    SET = "set"
    TUPLE = "tuple"
    SECRET = "secret"
    PLAIN = "plain"  # JSON and small


VALUES: PathTable[Kind] = PathTable(
    {
        "builtins.open()": Kind.FILE,
        "io.open()": Kind.FILE,
        "io.BytesIO()": Kind.BUFFER,
        "io.StringIO()": Kind.BUFFER,
        "pathlib.Path().open()": Kind.FILE,
        "tempfile.NamedTemporaryFile()": Kind.FILE,
        "tempfile.TemporaryFile()": Kind.FILE,
        "tempfile.SpooledTemporaryFile()": Kind.FILE,
        "tempfile.TemporaryDirectory()": Kind.FILE,
        "threading.Lock()": Kind.LOCK,
        "threading.RLock()": Kind.LOCK,
        "threading.Semaphore()": Kind.LOCK,
        "threading.Event()": Kind.LOCK,
        "asyncio.Lock()": Kind.LOCK,
        "asyncio.Event()": Kind.LOCK,
        "multiprocessing.Lock()": Kind.LOCK,
        "socket.socket()": Kind.CONNECTION,
        "socket.create_connection()": Kind.CONNECTION,
        "sqlite3.connect()": Kind.CONNECTION,
        "sqlite3.Connection()": Kind.CONNECTION,
        "psycopg.connect()": Kind.CONNECTION,
        "psycopg2.connect()": Kind.CONNECTION,
        "sqlalchemy.create_engine()": Kind.CONNECTION,
        "sqlalchemy.orm.Session()": Kind.CONNECTION,
        "sqlalchemy.orm.sessionmaker()()": Kind.CONNECTION,
        "sqlalchemy.orm.scoped_session()": Kind.CONNECTION,
        "sqlalchemy.ext.asyncio.AsyncSession()": Kind.CONNECTION,
        "redis.Redis()": Kind.CONNECTION,
        "redis.StrictRedis()": Kind.CONNECTION,
        "redis.from_url()": Kind.CONNECTION,
        "requests.Session()": Kind.CONNECTION,
        "httpx.Client()": Kind.CONNECTION,
        "django.http.HttpRequest()": Kind.REQUEST,
        "rest_framework.request.Request()": Kind.REQUEST,
        "starlette.requests.Request()": Kind.REQUEST,
        "fastapi.Request()": Kind.REQUEST,
        "flask.request": Kind.REQUEST,
        "builtins.map()": Kind.LAZY,
        "builtins.filter()": Kind.LAZY,
        "builtins.zip()": Kind.LAZY,
        "builtins.reversed()": Kind.LAZY,
        "builtins.enumerate()": Kind.LAZY,
        "builtins.iter()": Kind.LAZY,
        "itertools.*()": Kind.LAZY,
        "datetime.datetime()": Kind.DATETIME,
        "datetime.datetime.now()": Kind.DATETIME,
        "datetime.datetime.utcnow()": Kind.DATETIME,
        "datetime.datetime.today()": Kind.DATETIME,
        "datetime.datetime.fromtimestamp()": Kind.DATETIME,
        "datetime.datetime.fromisoformat()": Kind.DATETIME,
        "datetime.datetime.strptime()": Kind.DATETIME,
        "datetime.datetime.combine()": Kind.DATETIME,
        "django.utils.timezone.now()": Kind.DATETIME,
        "django.utils.timezone.localtime()": Kind.DATETIME,
        "datetime.date()": Kind.DATE,
        "datetime.date.today()": Kind.DATE,
        "datetime.date.fromisoformat()": Kind.DATE,
        "datetime.datetime.now().date()": Kind.DATE,
        "django.utils.timezone.localdate()": Kind.DATE,
        "datetime.time()": Kind.TIME,
        "datetime.timedelta()": Kind.TIMEDELTA,
        "decimal.Decimal()": Kind.DECIMAL,
        "uuid.UUID()": Kind.UUID,
        "uuid.uuid1()": Kind.UUID,
        "uuid.uuid3()": Kind.UUID,
        "uuid.uuid4()": Kind.UUID,
        "uuid.uuid5()": Kind.UUID,
        "uuid.uuid7()": Kind.UUID,
        "builtins.bytes()": Kind.BYTES,
        "builtins.bytearray()": Kind.BYTES,
        "builtins.str().encode()": Kind.BYTES,
        "builtins.set()": Kind.SET,
        "builtins.frozenset()": Kind.SET,
        "builtins.tuple()": Kind.TUPLE,
        "builtins.str()": Kind.PLAIN,
        "builtins.int()": Kind.PLAIN,
        "builtins.float()": Kind.PLAIN,
        "builtins.bool()": Kind.PLAIN,
        "builtins.len()": Kind.PLAIN,
        "builtins.open().read()": Kind.PAYLOAD,
        "builtins.open().readlines()": Kind.PAYLOAD,
        "pathlib.Path().read_text()": Kind.PAYLOAD,
        "pathlib.Path().read_bytes()": Kind.PAYLOAD,
        "base64.b64encode()": Kind.PAYLOAD,
        "base64.b64encode().decode()": Kind.PAYLOAD,
        "base64.encodebytes()": Kind.PAYLOAD,
        "base64.standard_b64encode()": Kind.PAYLOAD,
        "base64.standard_b64encode().decode()": Kind.PAYLOAD,
        "base64.urlsafe_b64encode()": Kind.PAYLOAD,
        "base64.urlsafe_b64encode().decode()": Kind.PAYLOAD,
        "flask.request.data": Kind.PAYLOAD,
        "flask.request.json": Kind.PAYLOAD,
        "flask.request.form": Kind.PAYLOAD,
        "flask.request.files": Kind.PAYLOAD,
        "flask.request.get_json()": Kind.PAYLOAD,
        "flask.request.get_data()": Kind.PAYLOAD,
        "pandas.*().to_dict()": Kind.PAYLOAD,
        "pandas.*().to_json()": Kind.PAYLOAD,
        "pandas.*().to_csv()": Kind.PAYLOAD,
        "requests.get().content": Kind.PAYLOAD,
        "requests.get().text": Kind.PAYLOAD,
        "requests.get().json()": Kind.PAYLOAD,
        "httpx.get().content": Kind.PAYLOAD,
        "httpx.get().text": Kind.PAYLOAD,
        "httpx.get().json()": Kind.PAYLOAD,
    }
)

# attributes of a web request whose size the client chooses
REQUEST_BODIES = frozenset({"data", "body", "POST", "FILES", "json", "form", "files"})
