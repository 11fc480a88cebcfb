#!/usr/bin/env bash
# Makes docs/dashboard.png and docs/dashboard.gif of what a test sees in the browser. Takes two minutes; do nothing else on
# the machine meanwhile.
#
# Usage: dashboard-pictures.sh [--help]
#
# Needs what `mvn verify` needs, Chromium, its driver, and ImageMagick.
set -euo pipefail
cd "$(dirname "$0")/../../.."
# shellcheck source=SCRIPTDIR/../lab/lab.sh
source src/test/lab/lab.sh
case ${1:-} in
  '') ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

magick=$(command -v convert-im6.q16 magick convert | head -n 1) || die 'install imagemagick'
mvn -B -ntp verify -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false -Dtools.required=true -Dit.forks=1 \
  -Dit.test='DashboardIT#picturesForTheDocumentation' -Ddashboard.pictures=true
cp target/screenshots/documentation.png docs/dashboard.png
# Colours are few and flat, so a small palette and every second picture are enough; dithering would only make the file larger
"$magick" -delay 80 -loop 0 target/screenshots/frame-*[02468].png -resize 800x +dither -colors 32 \
  -layers OptimizePlus -layers OptimizeTransparency docs/dashboard.gif
ls -l docs/dashboard.png docs/dashboard.gif
