"""The appeal store on SQLAlchemy: SQLite for one node, PostgreSQL for many."""
