#!/usr/bin/env bash
set -e
default-key-store.sh
exec "$@"
