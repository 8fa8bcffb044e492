import { describe, expect, it } from '@jest/globals';
import { logName, stepsNamed } from './log-names.ts';

const none = (): boolean => false;

describe('names of logs', () => {
  it.each([
    ['convert', 'convert'],
    ['tile[0]', 'tile'],
    ['tile[1]', 'tile_2'],
    ['tile[99]', 'tile_100'],
    ['mosaic/merge', 'mosaic/merge'],
    ['tile[3][0]', 'tile[3][0]'],
  ])('%s is %s, and is found by it', (step, name) => {
    expect(logName(step, none)).toBe(name);
    expect(stepsNamed(name)).toContain(step);
  });

  it('a step that is called like an element keeps its name', () => {
    expect(logName('tile[1]', (name) => name === 'tile_2')).toBe('tile[1]');
    expect(stepsNamed('tile_2')).toEqual(['tile_2', 'tile_2[0]', 'tile[1]']);
    expect(stepsNamed('tile_1')).toEqual(['tile_1', 'tile_1[0]']);
  });
});
