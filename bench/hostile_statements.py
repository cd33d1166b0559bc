"""Statements that must never run: written by hand after what is known of SQL injection, and composed at random."""

import random
from collections.abc import Callable, Sequence

from retrieval.construction.sql_schema import SqlColumn, SqlTable

SECRET = "hunter2-the-secret"
# What may be read is `stock`; `secrets` lies beside it in the same database, for the walls behind the first.
STOCK = SqlTable(
    "stock",
    1,
    "Stock",
    "d",
    "stock.csv",
    (SqlColumn("item", "Item", "text", None, 0), SqlColumn("quantity", "Quantity", "integer", None, 1)),
    3,
)
CREATED = (
    "CREATE TABLE stock (item TEXT, quantity INTEGER)",
    "INSERT INTO stock VALUES ('bell', 3), ('brake', 8), ('chain', 21)",
    "CREATE TABLE secrets (name TEXT, value TEXT)",
    f"INSERT INTO secrets VALUES ('password', '{SECRET}')",
    "CREATE VIEW peek AS SELECT value FROM secrets",
)

WRITTEN = (
    "DROP TABLE stock",
    "DROP TABLE IF EXISTS stock",
    "DELETE FROM stock",
    "DELETE FROM stock WHERE 1=1 RETURNING *",
    "UPDATE stock SET quantity = 0",
    "INSERT INTO stock VALUES ('x', 1)",
    "REPLACE INTO stock VALUES ('x', 1)",
    "INSERT INTO stock SELECT name, 1 FROM secrets",
    "CREATE TABLE other (a)",
    "CREATE TABLE other AS SELECT * FROM secrets",
    "CREATE TEMP TABLE other AS SELECT * FROM secrets",
    "CREATE VIEW other AS SELECT * FROM secrets",
    "CREATE TEMP VIEW other AS SELECT * FROM secrets",
    "CREATE INDEX i ON stock(item)",
    "CREATE TRIGGER tr AFTER INSERT ON stock BEGIN DELETE FROM stock; END",
    "CREATE VIRTUAL TABLE v USING fts5(a)",
    "ALTER TABLE stock RENAME TO other",
    "ALTER TABLE stock ADD COLUMN c",
    "ALTER TABLE stock DROP COLUMN item",
    "ATTACH DATABASE '/etc/passwd' AS p",
    "ATTACH '/tmp/scholiast-hostile.db' AS p",
    "ATTACH ':memory:' AS p",
    "DETACH DATABASE main",
    "VACUUM",
    "VACUUM INTO '/tmp/scholiast-hostile.db'",
    "REINDEX",
    "ANALYZE",
    "PRAGMA writable_schema = ON",
    "PRAGMA query_only = OFF",
    "PRAGMA database_list",
    "PRAGMA table_info(secrets)",
    "PRAGMA temp_store_directory = '/tmp'",
    "PRAGMA journal_mode = DELETE",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT a",
    "EXPLAIN SELECT * FROM stock",
    "EXPLAIN QUERY PLAN SELECT * FROM secrets",
    "VALUES (1)",
    "SELECT * FROM secrets",
    "SELECT value FROM secrets",
    "SELECT value FROM peek",
    "SELECT item FROM stock UNION SELECT value FROM secrets",
    "SELECT item FROM stock UNION ALL SELECT value FROM main.secrets",
    "SELECT item FROM stock WHERE item IN (SELECT value FROM secrets)",
    "SELECT (SELECT value FROM secrets)",
    "SELECT (SELECT group_concat(value) FROM secrets) FROM stock",
    "SELECT item FROM stock EXCEPT SELECT name FROM secrets",
    "SELECT * FROM stock, secrets",
    "SELECT * FROM stock JOIN secrets ON 1=1",
    "SELECT * FROM stock NATURAL JOIN secrets",
    "SELECT * FROM (SELECT * FROM secrets)",
    "WITH s AS (SELECT * FROM secrets) SELECT * FROM s",
    "WITH stock AS (SELECT * FROM secrets) SELECT * FROM stock",
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n",
    "SELECT 1; DROP TABLE stock",
    "SELECT 1; SELECT value FROM secrets",
    "SELECT item FROM stock; DELETE FROM stock; --",
    "DROP TABLE stock; SELECT item FROM stock",
    "SELECT * FROM sqlite_master",
    "SELECT sql FROM sqlite_schema",
    "SELECT * FROM sqlite_temp_master",
    "SELECT * FROM sqlite_sequence",
    "SELECT * FROM sqlite_dbpage",
    "SELECT * FROM dbstat",
    "SELECT * FROM main.secrets",
    'SELECT * FROM "main"."secrets"',
    'SELECT * FROM "secrets"',
    "SELECT * FROM [secrets]",
    "SELECT * FROM `secrets`",
    "SELECT * FROM 'secrets'",
    "SELECT * FROM SECRETS",
    "SELECT/**/value/**/FROM/**/secrets",
    "SELECT item FROM stock -- \n UNION SELECT value FROM secrets",
    "SELECT item FROM stock /* hidden */ UNION /* too */ SELECT value FROM secrets",
    "SELECT * FROM pragma_table_info('secrets')",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM pragma_database_list()",
    "SELECT * FROM json_each('[1]')",
    "SELECT * FROM generate_series(1, 1000000000)",
    "SELECT load_extension('/tmp/x.so')",
    "SELECT load_extension('/tmp/x', 'entry') FROM stock",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('/tmp/scholiast-hostile.db', 'x')",
    "SELECT edit('x', 'vi')",
    "SELECT fts3_tokenizer('simple')",
    "SELECT randomblob(2000000000)",
    "SELECT zeroblob(2000000000)",
    "SELECT hex(zeroblob(1000000000))",
    "SELECT printf('%1000000000d', 1)",
    "SELECT format('%1000000000d', 1)",
    "SELECT replace(hex(zeroblob(10000)), '0', hex(zeroblob(10000)))",
    "SELECT quote(zeroblob(100000000))",
    "SELECT char(0)",
    "SELECT sqlite_version()",
    "SELECT sqlite_source_id()",
    "SELECT sqlite_compileoption_get(1)",
    "SELECT changes()",
    "SELECT last_insert_rowid()",
    "SELECT total_changes()",
    "SELECT random()",
    "SELECT group_concat(item) FROM stock",
    "SELECT json_group_array(item) FROM stock",
    "SELECT likelihood(1, 0.5)",
    "SELECT unlikely(1)",
    "SELECT item FROM stock WHERE item MATCH 'x'",
    "SELECT item FROM stock WHERE item REGEXP '(a+)+$'",
    "SELECT item FROM stock INDEXED BY secret_index",
    "SELECT value FROM stock",
    "SELECT secrets.value FROM stock",
    "SELECT main.secrets.value FROM stock",
    "SELECT item FROM stock WHERE quantity = (SELECT value FROM secrets LIMIT 1)",
    "SELECT item FROM stock ORDER BY (SELECT value FROM secrets)",
    "SELECT item FROM stock GROUP BY (SELECT value FROM secrets)",
    "SELECT item FROM stock GROUP BY item HAVING (SELECT count(*) FROM secrets) > 0",
    "SELECT item FROM stock LIMIT (SELECT count(*) FROM secrets)",
    "SELECT CASE WHEN (SELECT value FROM secrets) LIKE 'h%' THEN 1 END FROM stock",
    "SELECT EXISTS (SELECT 1 FROM secrets WHERE value LIKE 'h%')",
    "SELECT item FROM stock WHERE EXISTS (SELECT 1 FROM secrets)",
    "SELECT sum(quantity) OVER (ORDER BY (SELECT value FROM secrets)) FROM stock",
    "SELECT item FROM stock WHERE (item, quantity) IN (SELECT name, value FROM secrets)",
    "SELECT ?",
    "SELECT :name",
    "SELECT @name",
    "SELECT $name",
    "SELECT CAST(item AS BLOB) FROM stock",
    "SELECT x'53514c'",
    "SELECT item COLLATE evil FROM stock",
    "SELECT RAISE(ABORT, 'x')",
    "'; DROP TABLE stock; --",
    "1 OR 1=1",
    "",
    ";",
    ";;;",
    "SELECT",
    "SELECT * FROM",
    "SELECT item FROM stock WHERE",
    "SELECT '" + "a" * 20_000 + "'",
    "SELECT " + "(" * 500 + "1" + ")" * 500,
    "SELECT 1" + " UNION SELECT 1" * 1_000,
    "SELECT 1" + " + 1" * 5_000,
    "SELECT item FROM stock WHERE item = '\x00'",
    "SELECT item FROM stock\x00; DROP TABLE stock",
    "SELECT \ud800 FROM stock",
    "ＳＥＬＥＣＴ value FROM secrets",
    "SELECT count(*) FROM " + ", ".join(["stock"] * 40),
    "SELECT item INTO OUTFILE '/tmp/scholiast-hostile.db' FROM stock",
    "COPY stock TO '/tmp/scholiast-hostile.db'",
    "EXEC xp_cmdshell('id')",
    "CALL system('id')",
    "GRANT ALL ON stock TO public",
    "SET ROLE admin",
    "SHOW TABLES",
    "DESCRIBE secrets",
    "USE main",
    "MERGE INTO stock USING secrets ON 1=1 WHEN MATCHED THEN DELETE",
    "TRUNCATE TABLE stock",
)

_EXPRESSIONS = ("item", "quantity", "*", "count(*)", "1", "'x'", "sum(quantity)", "(SELECT 1)")
_SECRETS = (
    "secrets",
    "main.secrets",
    '"secrets"',
    "[secrets]",
    "peek",
    "sqlite_master",
    "sqlite_schema",
    "pragma_table_list",
    "json_each((SELECT value FROM secrets))",
    "(SELECT * FROM secrets)",
    "temp.sqlite_master",
)
_FUNCTIONS = (
    "load_extension('x')",
    "randomblob(1000000000)",
    "zeroblob(999999999)",
    "readfile('/etc/passwd')",
    "writefile('/tmp/scholiast-hostile.db', item)",
    "group_concat((SELECT value FROM secrets))",
    "printf('%999999999d', quantity)",
    "json_extract((SELECT value FROM secrets), '$')",
    "sqlite_compileoption_used('x')",
    "fts5(item)",
)
_WRITES = (
    "DROP TABLE {}",
    "DELETE FROM {}",
    "UPDATE {} SET item = 'x'",
    "INSERT INTO {} VALUES (1, 2)",
    "ALTER TABLE {} RENAME TO gone",
    "CREATE TRIGGER t AFTER DELETE ON {} BEGIN SELECT 1; END",
    "ATTACH '/tmp/scholiast-hostile.db' AS {}",
    "PRAGMA table_info({})",
    "CREATE TABLE copy_{} AS SELECT * FROM secrets",
)
_SPACES = (" ", "\n", "\t", " /* x */ ", " -- x\n", "  ")


def hostile(count: int, seed: int = 0) -> Sequence[str]:
    """So many statements, those written by hand first; each reads, writes or calls what it must not."""
    source = random.Random(seed)
    makers = (_reading, _writing, _calling, _stacked)
    found = list(dict.fromkeys(WRITTEN))
    seen = set(found)
    while len(found) < count:
        statement = _disguised(source.choice(makers)(source), source)
        if statement not in seen:
            seen.add(statement)
            found.append(statement)
    return found[:count]


def _reading(source: random.Random) -> str:
    """A SELECT that is sound but for the place where it reads what it must not."""
    secret, shown = source.choice(_SECRETS), source.choice(_EXPRESSIONS)
    forms: tuple[str, ...] = (
        f"SELECT {shown} FROM {secret}",
        f"SELECT {shown} FROM stock, {secret}",
        f"SELECT {shown} FROM stock JOIN {secret} ON {source.randrange(9)} < 10",
        f"SELECT item FROM stock UNION ALL SELECT {shown} FROM {secret}",
        f"SELECT item FROM stock WHERE quantity > {source.randrange(99)} AND item IN (SELECT {shown} FROM {secret})",
        f"SELECT item, (SELECT {shown} FROM {secret} LIMIT {source.randrange(1, 9)}) FROM stock",
        f"SELECT item FROM stock ORDER BY (SELECT {shown} FROM {secret}) LIMIT {source.randrange(99)}",
        f"WITH w AS (SELECT {shown} FROM {secret}) SELECT * FROM w, stock LIMIT {source.randrange(99)}",
        f"SELECT CASE WHEN EXISTS (SELECT {shown} FROM {secret}) THEN {source.randrange(99)} END FROM stock",
    )
    return source.choice(forms)


def _writing(source: random.Random) -> str:
    return source.choice(_WRITES).format(source.choice(("stock", "secrets", '"stock"', "main.stock", "sqlite_master")))


def _calling(source: random.Random) -> str:
    """A SELECT over what it may read that calls what it must not."""
    called = source.choice(_FUNCTIONS)
    forms = (
        f"SELECT {called} FROM stock LIMIT {source.randrange(99)}",
        f"SELECT item FROM stock WHERE {called} = {source.randrange(99)}",
        f"SELECT item FROM stock ORDER BY {called}, {source.choice(('item', 'quantity'))}",
        f"SELECT max(quantity + {source.randrange(99)}) FROM stock HAVING {called} IS NOT NULL",
    )
    return source.choice(forms)


def _stacked(source: random.Random) -> str:
    """A harmless statement with another one behind or before it."""
    harmless = f"SELECT {source.choice(_EXPRESSIONS)} FROM stock WHERE quantity < {source.randrange(99)}"
    pair = [harmless, source.choice((_writing, _reading))(source)]
    source.shuffle(pair)
    return "; ".join(pair) + source.choice(("", ";", "; --", " --"))


def _disguised(statement: str, source: random.Random) -> str:
    """The statement in another spelling that SQLite reads the same."""
    spelling: Callable[[str], str] = source.choice((str, str.upper, str.lower, str.swapcase))
    if "'" not in statement:
        statement = spelling(statement)
    return source.choice(_SPACES).join(statement.split(" ")) if "--" not in statement else statement
