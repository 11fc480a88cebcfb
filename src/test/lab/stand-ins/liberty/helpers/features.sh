#!/usr/bin/env bash
# The official image downloads the features that server.xml names. This runtime has all of them already; configure.sh
# fails if it does not know one.
