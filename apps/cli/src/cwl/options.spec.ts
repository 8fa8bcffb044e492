import { describe, expect, it } from '@jest/globals';

import { parseArguments } from './options.ts';

describe('the command line of runnel-cwl', () => {
  it('reads what cwltest passes', () => {
    expect(parseArguments(['--outdir=/tmp/x', '--quiet', 'tests/colon:test.cwl', 'tests/colon:test:job.yaml'])).toMatchObject({
      kind: 'run',
      options: { outdir: '/tmp/x', quiet: true, process: 'tests/colon:test.cwl', job: 'tests/colon:test:job.yaml', isolation: false },
    });
  });

  it('takes options before and after the process, with or without =', () => {
    expect(parseArguments(['--parallel', '3', 'a.cwl', '--outdir', 'o', 'job.json'])).toMatchObject({
      options: { parallel: 3, outdir: 'o', job: 'job.json' },
    });
  });

  it('leaves what follows the process and is no option of its own to the inputs', () => {
    expect(parseArguments(['a.cwl', '--quiet', '--message', 'hi', '--outdir', 'o'])).toMatchObject({
      options: { quiet: true, outdir: '.', inputFlags: ['--message', 'hi', '--outdir', 'o'] },
    });
  });

  // `cwltool --help`, 3.3; --enable-ga and --add-ga send usage to somebody.
  it.each(
    `--basedir --outdir --write-summary --parallel --parallel-max --skip-schemas --enable-dev --enable-ext --on-error --relax-path-checks --overrides
    --mpi-config-file --strict --non-strict --no-doc-cache --doc-cache --enable-color --disable-color --compute-checksum --no-compute-checksum
    --print-rdf --print-dot --print-pre --print-deps --print-input-deps --pack --version --validate --print-supported-versions --print-subgraph
    --print-targets --make-template --relative-deps --rdf-serializer --tool-help --verbose --no-warnings --quiet --debug --log-dir --timestamps
    --preserve-environment --preserve-entire-environment --tmpdir-prefix --tmp-outdir-prefix --cachedir --rm-tmpdir --leave-tmpdir --move-outputs
    --leave-outputs --copy-outputs --provenance --enable-user-provenance --disable-user-provenance --enable-host-provenance
    --disable-host-provenance --orcid --full-name --user-space-docker-cmd --udocker --singularity --podman --no-container --enable-pull
    --disable-pull --singularity-sandbox-path --force-docker-pull --no-read-only --default-container --no-match-user --custom-net
    --strict-memory-limit --strict-cpu-limit --rm-container --leave-container --cidfile-dir --cidfile-prefix --disable-ga --eval-timeout
    --js-console --disable-js-validation --js-hint-options-file --target --single-step --single-process`.split(/\s+/),
  )('knows %s of cwltool: it does it, or says what to do instead', (option) => {
    const value = ['--parallel-max', '--eval-timeout'].includes(option) ? '2' : 'stop';
    const read = [parseArguments([option, 'a.cwl']), parseArguments([option, value, 'a.cwl'])];
    const done = read.some(
      (one) => one.kind !== 'usage' && (one.kind === 'version' || ('options' in one && one.options.process === 'a.cwl')),
    );
    const said = read.some((one) => one.kind === 'usage' && one.message.includes('is not supported: '));
    expect({ option, done: done || said }).toEqual({ option, done: true });
  });

  it.each([
    [[], 'a process is missing'],
    [['--nope', 'a.cwl'], 'there is no option --nope'],
    [['--outdir'], '--outdir needs a value'],
    [['--parallel=0', 'a.cwl'], '--parallel needs a whole number above 0, not 0'],
    [['a.cwl', 'b.json', 'c.json'], 'one process and one job are expected, not also c.json'],
  ])('says what is wrong with %j', (words, message) => {
    expect(parseArguments(words)).toMatchObject({ kind: 'usage', message: expect.stringContaining(message) });
  });
});
