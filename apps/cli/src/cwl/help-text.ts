import { tmpdir } from 'node:os';

export const helpText = `Usage: runnel-cwl [options] process [job] [--input value ...]

Runs a CWL v1.0-1.2 tool or workflow on this machine. The process and the job (YAML or JSON) are paths or addresses (file:, http:, https:);
a process of a document with several is named by a fragment (workflow.cwl#main). Prints the outputs as one JSON object.
\`runnel-cwl tool.cwl --help\` shows the inputs of the tool.

Files:
  --outdir DIR                   where outputs go (default: this directory)
  --basedir DIR                  what paths given as --input are relative to (default: this directory)
  --tmpdir-prefix PREFIX         temporary folders are PREFIX and six characters (default: ${tmpdir()}/runnel-cwl-)
  --leave-tmpdir, --rm-tmpdir    keep temporary folders or not (default: not)
  --cachedir DIR                 keep what steps gave, and repeat only what changed

How steps run:
  --parallel [N]                 steps at a time (default: number of cores)
  --on-error stop|continue       after a failure start nothing more, or all that does not depend on it (default: stop)
  --isolation                    separate tools from this machine and from each other, as the services do
  --no-container                 use no containers: DockerRequirement as a requirement is refused
  --default-container IMAGE      image of tools that name none
  --podman, --singularity, --udocker   run images with this engine (default: the first that works: docker, podman, apptainer, singularity, udocker)
  --images FILE                  images.json: local root file systems or folders of programs that stand for images (default: those of make rootfs)
  --preserve-environment NAME, --preserve-entire-environment   what tools get of this environment (default: PATH)
  --mpi-config-file FILE         how MPIRequirement starts processes (YAML, as for cwltool)
  --eval-timeout SECONDS         CPU time of one JavaScript evaluation (default: 60)

What is run:
  --target NAME, -t NAME         only what this output or step of the workflow needs (may be repeated)
  --single-step STEP             only this step of the workflow; its inputs are those of the step
  --provenance DIR               write the run as a Workflow Run RO-Crate

Instead of running it:
  --validate                     check the document
  --make-template                a job with every input to fill in
  --print-deps                   the documents that the process refers to
  --print-dot                    the workflow as a graph for Graphviz
  --pack                         the process with everything it refers to, as one document
  --non-strict                   unknown fields are warnings (default: --strict)
  --skip-schemas                 do not read $schemas: formats are compared by name only

Messages:
  --quiet                        errors only
  --verbose, --debug             command lines of steps too
  --timestamps                   a time before each line
  --version, --help

Example:
  runnel-cwl --outdir results tile.cwl --bands B04.tif --bands B08.tif

Exit codes: 0 success, 1 failure, 33 the document needs something that is not supported here.
`;
