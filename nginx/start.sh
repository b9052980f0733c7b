#!/bin/sh
# Starts nginx in the foreground, as process 1, with one worker a CPU: as far as the container's quota and affinity leave
# them, at least one. `worker_processes auto` would count the host's.
set -eu
cpus=$(nproc)
if [ -r /sys/fs/cgroup/cpu.max ]; then
  read -r quota period </sys/fs/cgroup/cpu.max
elif [ -r /sys/fs/cgroup/cpu/cpu.cfs_quota_us ]; then
  read -r quota </sys/fs/cgroup/cpu/cpu.cfs_quota_us
  read -r period </sys/fs/cgroup/cpu/cpu.cfs_period_us
else
  quota=max
fi
case $quota in
  max | -1) ;;
  *) [ $((quota / period)) -ge "$cpus" ] || cpus=$((quota / period)) ;;
esac
[ "$cpus" -ge 1 ] || cpus=1

# on unless a measurement wants to know what the pool is worth
ln -sf "/etc/nginx/pool/${UPSTREAM_POOL:-on}.conf" /run/nginx/pool.conf
exec nginx -e stderr -g "daemon off; worker_processes $cpus;"
