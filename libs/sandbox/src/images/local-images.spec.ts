import { describe, expect, it } from '@jest/globals';

import { normaliseImage } from './local-images.ts';

describe('image references', () => {
  it.each([
    ['debian', 'docker.io/library/debian:latest'],
    ['debian:stable-slim', 'docker.io/library/debian:stable-slim'],
    ['docker.io/debian:stable-slim', 'docker.io/library/debian:stable-slim'],
    ['index.docker.io/library/debian:stable-slim', 'docker.io/library/debian:stable-slim'],
    ['osgeo/gdal:3.8', 'docker.io/osgeo/gdal:3.8'],
    ['ghcr.io/a/b', 'ghcr.io/a/b:latest'],
    ['localhost:5000/b:1', 'localhost:5000/b:1'],
    ['debian@sha256:abc', 'docker.io/library/debian@sha256:abc'],
    ['debian:12@sha256:abc', 'docker.io/library/debian:12@sha256:abc'],
  ])('%s is %s', (reference, normalised) => {
    expect(normaliseImage(reference)).toBe(normalised);
  });
});
