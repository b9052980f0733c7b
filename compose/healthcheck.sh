#!/bin/bash
# healthcheck PORT PATH: succeeds when GET on 127.0.0.1 answers 200. By address, for a name may mean ::1; by the shell's
# own sockets, for a client of its own every 30 s would show in the memory that a soak looks at.
exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&3
read -r -t 4 _ status _ <&3 && [[ $status == 200 ]]
