import { describe, expect, it } from '@jest/globals';
import { imageFrom, ImageSources } from './image-sources.ts';

const site = ImageSources.parse({
  allowed: ['docker.io/library', 'registry.example/team', 'ghcr.io/org/tool'],
  mirrors: { 'docker.io': 'mirror.example/docker', 'docker.io/library/python': 'mirror.example/python' },
});

describe('an image', () => {
  it.each([
    ['debian:12', 'mirror.example/docker/library/debian:12'],
    ['docker.io/library/debian', 'mirror.example/docker/library/debian'],
    ['python:3.13', 'mirror.example/python:3.13'],
    ['registry.example/team/a@sha256:0', 'registry.example/team/a@sha256:0'],
    ['ghcr.io/org/tool:1', 'ghcr.io/org/tool:1'],
  ])('%s is pulled as %s', (name, image) => {
    expect(imageFrom(name, site)).toEqual({ image });
  });

  it.each(['someone/debian', 'registry.example/teammate/a', 'registry.example.org/team/a', 'localhost/team', 'ghcr.io/org/toolbox'])(
    '%s is not allowed',
    (name) => {
      expect(imageFrom(name, site)).toMatchObject({ refused: expect.stringMatching(/are not allowed here/) });
    },
  );

  it('may come from anywhere where nothing is said', () => {
    expect(imageFrom('someone/tool:1', ImageSources.parse({}))).toEqual({ image: 'someone/tool:1' });
  });
});
