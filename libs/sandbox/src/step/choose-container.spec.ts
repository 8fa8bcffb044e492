import { describe, expect, it } from '@jest/globals';

import { chooseContainer, type ContainerChoices } from './choose-container.ts';

const warnings: string[] = [];
const choices: ContainerChoices = {
  images: new Map([
    ['docker.io/library/debian:12', { root: '/roots/debian' }],
    ['docker.io/library/tiler:1', { bin: '/tools/bin' }],
  ]),
  warn: (text) => warnings.push(text),
  canEnterRoot: true,
};
const engine = { name: 'podman', program: '/usr/bin/podman', env: {} } as const;

describe('where a step runs', () => {
  it('finds an image under any of its spellings', () => {
    expect(chooseContainer({ image: 'docker.io/debian:12', mandatory: true }, choices)).toEqual({
      kind: 'root',
      image: { root: '/roots/debian' },
    });
    expect(chooseContainer({ image: 'tiler:1', mandatory: false }, choices)).toEqual({ kind: 'programs', image: { bin: '/tools/bin' } });
  });

  it('passes over a hint for an unknown image with a warning, and refuses a requirement', () => {
    expect(chooseContainer({ image: 'unknown', mandatory: false }, choices)).toEqual({ kind: 'host' });
    expect(warnings).toEqual(['no local image stands for unknown: it runs with the programs of this machine']);
    expect(() => chooseContainer({ image: 'unknown', mandatory: true }, choices)).toThrow(
      /no local image stands for unknown; name one in images.json/,
    );
  });

  it('gives unknown images to the container engine, and tools without an image to the default one', () => {
    expect(chooseContainer({ image: 'unknown', mandatory: true }, { ...choices, engine })).toEqual({
      kind: 'engine',
      engine,
      image: 'unknown',
    });
    expect(chooseContainer(undefined, { ...choices, defaultImage: 'debian:12' })).toEqual({
      kind: 'root',
      image: { root: '/roots/debian' },
    });
    expect(chooseContainer(undefined, choices)).toEqual({ kind: 'host' });
  });

  it('never enters a root without namespaces', () => {
    expect(() => chooseContainer({ image: 'debian:12', mandatory: false }, { ...choices, canEnterRoot: false })).toThrow(
      /without isolation/,
    );
  });
});
