-- Run once by the postgres service of docker-compose.yml, as the superuser, in the new database.
-- The application owns the schema pipeline, in which it creates its own tables, and nothing else.
\set ON_ERROR_STOP on
\getenv app DB_USER
\getenv app_password DB_PASSWORD
\getenv reader DB_READER_USER
\getenv reader_password DB_READER_PASSWORD
SELECT current_database() AS database \gset

-- By default, everybody may connect to a new database, create temporary tables in it and use the schema public
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

CREATE ROLE :"app" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'app_password';
GRANT CONNECT, TEMPORARY ON DATABASE :"database" TO :"app";
CREATE SCHEMA pipeline AUTHORIZATION :"app";
-- Lets every role use table names without the schema
ALTER DATABASE :"database" SET search_path = pipeline, public;

CREATE ROLE :"reader" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'reader_password';
ALTER ROLE :"reader" SET default_transaction_read_only = on;
-- Readers must not take all connections, nor run for so long that autovacuum can't clean up
ALTER ROLE :"reader" CONNECTION LIMIT 20;
ALTER ROLE :"reader" SET statement_timeout = '5min';
GRANT CONNECT ON DATABASE :"database" TO :"reader";
GRANT USAGE ON SCHEMA pipeline TO :"reader";
-- Includes the tables of future migrations
ALTER DEFAULT PRIVILEGES FOR ROLE :"app" IN SCHEMA pipeline GRANT SELECT ON TABLES TO :"reader";
