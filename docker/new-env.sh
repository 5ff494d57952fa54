#!/bin/sh
# Writes docker/.env with fresh random secrets. Refuses to overwrite one that exists: the database knows its passwords.
set -eu
cd "$(dirname "$0")"
umask 077

if [ -e .env ]; then
  echo 'docker/.env exists already; its secrets are in use. Remove it (and the volumes) to begin anew.' >&2
  exit 1
fi

secret() { openssl rand -hex 24; }

while IFS= read -r line; do
  case $line in
    *_PASSWORD= | S3_*=) echo "$line$(secret)" ;;
    MASTER_KEYS=) echo "${line}k1:$(openssl rand -base64 32)" ;;
    MAIL_FROM=) echo "${line}Souk <souk@localhost>" ;;
    *) echo "$line" ;;
  esac
done <.env.example >.env
echo 'Wrote docker/.env. Next: docker compose -f docker/compose.yml up --build --wait'
