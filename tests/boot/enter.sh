#!/bin/sh
# Become a machine: in fresh namespaces (see machine.py), over an overlay of a cached root, with nothing of the host's.
# Everything mounted here goes with the namespace. Arguments: LOWER RUN-FOLDER SHARE-OR-NOTHING
set -e
lower=$1
run=$2
share=$3
root=$run/root
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$run/disk/upper,workdir=$run/disk/work" "$root"
cd "$root"
# Docker's own overlays cannot lie on an overlay.
for folder in docker containerd; do
  mkdir -p "var/lib/$folder"
  mount --bind "$run/disk/$folder" "var/lib/$folder"
done
mount -t proc -o nosuid,nodev,noexec proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,rw proc/sys/net
if [ -e proc/sysrq-trigger ]; then
  : >"$run/nothing"
  mount --bind "$run/nothing" proc/sysrq-trigger
fi
mount -t sysfs -o nosuid,nodev,noexec sysfs sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
mount -o remount,bind,ro sys
# Nodes of its own: with the host's bound in, a machine changes their modes for the host.
mount -t tmpfs -o mode=755,nosuid dev dev
for node in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
  set -- $node
  mknod -m 666 "dev/$1" c "$2" "$3"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
if [ -n "$share" ]; then
  mkdir -p srv/efs-server
  mount --bind "$share" srv/efs-server
fi
# The network card comes from outside.
n=0
until [ -e /proc/self/net/dev ] && grep -q eth0 /proc/self/net/dev; do
  n=$((n + 1))
  [ $n -lt 200 ] || exit 9
  sleep 0.05
done
pivot_root . .
umount -l .
exec env -i container=vmx PATH=/usr/sbin:/usr/bin:/sbin:/bin setpriv \
  --bounding-set=-sys_module,-sys_time,-sys_rawio,-syslog /sbin/init
