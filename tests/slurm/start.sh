#!/usr/bin/env bash
# A SLURM cluster of this one machine, for tests: Debian's slurm-wlm and munge, started as root.
# Usage: start.sh FOLDER PORT; everything lies in FOLDER, and PORT and the next one are taken.
# Set SLURM_CONF=FOLDER/slurm.conf to talk to it. Exits 77 with a reason where it cannot start.
set -euo pipefail
folder=$(realpath "$1")
cannot() { echo "$1"; exit 77; }

[ "$(id -u)" = 0 ] || cannot "a SLURM cluster is started by root only"
for program in munged slurmctld slurmd sbatch; do
    command -v $program > /dev/null || cannot "$program is missing: apt-get install slurm-wlm munge"
done

mkdir -p "$folder"/{state,spool}
if ! munge --no-input > /dev/null 2>&1; then
    install -d -o munge -g munge /run/munge
    [ -e /etc/munge/munge.key ] || mungekey --create
    runuser -u munge -- munged || cannot "munged does not start"
fi

host=$(hostname -s)
cat > "$folder/slurm.conf" <<CONF
ClusterName=sprites
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$2
SlurmdPort=$(($2 + 1))
SlurmUser=root
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(getconf _NPROCESSORS_ONLN) State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$folder/slurm.conf
slurmctld && slurmd || cannot "the SLURM daemons do not start: $(tail -1 "$folder"/*.log)"
for _ in $(seq 100); do
    if sinfo -h -o %t 2> /dev/null | grep -q idle; then exit 0; fi
    sleep 0.2
done
cannot "the SLURM node does not become idle: $(tail -1 "$folder/slurmctld.log")"
