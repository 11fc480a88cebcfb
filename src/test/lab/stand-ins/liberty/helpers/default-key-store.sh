#!/usr/bin/env bash
# Gives the server a key store with a random password, unless a file of that name is there. Like the official image,
# this fails at start if the file system is read-only.
file=/config/configDropins/defaults/keystore.xml
[ -e "$file" ] || printf '<server><keyStore id="defaultKeyStore" password="%s"/></server>\n' \
  "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" > "$file"
