#!/usr/bin/env bash
# One run over several processes with GNU parallel. The words after the number of shards and the
# folder are those of `infercam run`:
#
#   recipes/parallel.sh 8 /scratch/run /data/photos -m resnet50
#   PARALLEL='-S node1,node2' recipes/parallel.sh 64 /scratch/run /data/photos -m resnet50   # by ssh
#
# The same command again goes on where the last one stopped.
set -euo pipefail

shards=$1 output=$2
shift 2
seq 0 $((shards - 1)) | parallel --quote --halt never --line-buffer --retries 3 \
  infercam run "$@" -o "$output" --shard "{}/$shards" --workers 1 --fail-on never --progress plain
infercam runs merge "$output" --fail-on never
