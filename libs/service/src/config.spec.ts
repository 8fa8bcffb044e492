import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { flag, helpText, loadConfig, whole } from './config.ts';

const schema = z.object({
  postgres: z.url().describe('URL of Postgres').meta({ secret: true }),
  port: whole.min(0).max(65535).default(8080).describe('Port to listen on'),
  logLevel: z.enum(['info', 'debug']).default('info').describe('Which lines are written'),
  openToAll: flag.default(false).describe('No token needed'),
  otel: z.string().optional().meta({ env: 'OTEL_EXPORTER_OTLP_ENDPOINT', description: 'Where spans go' }),
});

const postgres = 'postgres://u:p@h/d';

describe('loadConfig', () => {
  it('takes the environment, and defaults for what is not there', () => {
    expect(loadConfig(schema, { RUNNEL_POSTGRES: postgres, RUNNEL_PORT: '0', RUNNEL_OPEN_TO_ALL: 'yes', OTHER: 'x' }, [])).toEqual({
      kind: 'config',
      config: { postgres, port: 0, logLevel: 'info', openToAll: true },
    });
  });

  it('lets options win over the environment, where an empty variable is none', () => {
    const loaded = loadConfig(schema, { RUNNEL_POSTGRES: postgres, RUNNEL_PORT: '1', RUNNEL_LOG_LEVEL: '' }, [
      '--port=2',
      '--log-level',
      'debug',
      '--open-to-all',
    ]);
    expect(loaded).toEqual({ kind: 'config', config: { postgres, port: 2, logLevel: 'debug', openToAll: true } });
  });

  it('names variable, option, expectation and what was found, and hides secrets', () => {
    const loaded = loadConfig(schema, { RUNNEL_POSTGRES: 'hunter2', RUNNEL_PORT: 'eighty', RUNNEL_LOG_LEVEL: 'loud' }, [], 'runnel-api');
    expect(loaded).toEqual({
      kind: 'invalid',
      text: [
        'RUNNEL_POSTGRES (--postgres): Invalid URL; found (hidden)',
        'RUNNEL_PORT (--port): Invalid input: expected number; found "eighty"',
        'RUNNEL_LOG_LEVEL (--log-level): Invalid option: expected one of "info"|"debug"; found "loud"',
        'See runnel-api --help',
      ].join('\n'),
    });
    expect(loadConfig(schema, {}, [])).toMatchObject({
      text: expect.stringContaining('RUNNEL_POSTGRES (--postgres): Invalid input: expected string; it is not set'),
    });
  });

  it('refuses an option it does not know', () => {
    expect(loadConfig(schema, { RUNNEL_POSTGRES: postgres }, ['--prot', '1'])).toMatchObject({
      kind: 'invalid',
      text: expect.stringContaining("Unknown option '--prot'"),
    });
  });

  it('answers --help with every option, its variable, meaning and default, whatever else is wrong', () => {
    const loaded = loadConfig(schema, {}, ['--help'], 'runnel-api');
    expect(loaded).toEqual({ kind: 'help', text: helpText(schema, 'runnel-api') });
    expect(helpText(schema, 'runnel-api')).toBe(`Usage: runnel-api [options]

Options win over environment variables.

  --postgres     RUNNEL_POSTGRES              URL of Postgres (required)
  --port         RUNNEL_PORT                  Port to listen on (default: 8080)
  --log-level    RUNNEL_LOG_LEVEL             Which lines are written (default: info)
  --open-to-all  RUNNEL_OPEN_TO_ALL           No token needed (default: false)
  --otel         OTEL_EXPORTER_OTLP_ENDPOINT  Where spans go
`);
  });
});
