#!/usr/bin/env bash
# Starts the server once, as the official image does to fill its class cache, and fails if the configuration is unusable.
set -euo pipefail
default-key-store.sh
server start defaultServer
server stop defaultServer
if grep -E 'CWWKF0001E|CWWKF0042E|CWWKG0014E' /logs/messages.log; then exit 1; fi
rm -rf /logs/* /output/workarea /output/messaging /output/resources/security
