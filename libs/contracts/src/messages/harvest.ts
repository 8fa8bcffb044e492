import { z } from 'zod';
import { event } from '../contract.ts';
import { Value, Workspace } from '../shapes.ts';
import { run } from './golden.ts';

export const HarvestChanged = event(
  'harvest.changed',
  1,
  z.object({
    workspace: Workspace,
    source: z.string().describe('git, or files: those of the workspace'),
    repository: z.string(),
    branch: z.string(),
    commit: z.string().describe('of workspace files: the look that found them'),
    move: z.int().min(0).default(0).describe('counts what was told of this branch: news of a lower number are older, whatever clocks say'),
    changes: z.array(
      z.object({
        path: z.string(),
        change: z.enum(['added', 'updated', 'deleted']),
        previousPath: z.string().optional(),
        content: Value.optional(),
        refused: z.string().max(1000).optional().describe('why its content is not here: too large, no regular file'),
      }),
    ),
  }),
  {
    dedupe: 'key',
    delivery: 'work',
    routedBy: 'none',
    from: ['harvester'],
    to: ['api', 'ingester'],
    summary:
      'harvester: these files of a watched repository changed in this commit; api deploys processes from CWL, ingester takes STAC documents into the catalogue.',
    golden: {
      workspace: 'demo',
      source: 'git',
      repository: 'https://git.example/flows.git',
      branch: 'main',
      commit: 'c0ffee',
      move: 3,
      changes: [{ path: 'app.cwl', change: 'added', content: 'cwlVersion: v1.2' }],
    },
  },
);

export const RepositoryPushed = event(
  'repository.pushed',
  1,
  z.object({ hook: z.string().describe('id of the repository in its webhook') }),
  {
    dedupe: 'state',
    delivery: 'ephemeral',
    routedBy: 'none',
    from: ['api'],
    to: ['harvester'],
    summary: 'api: a signed webhook says that this repository changed; the harvester looks now. A lost one is found by the next look.',
    golden: { hook: '0123456789abcdef' },
  },
);

export const CatalogueChanged = event(
  'catalogue.changed',
  1,
  z.object({
    id: z.string().describe('who changed what'),
    workspace: Workspace,
    repository: z.string(),
    branch: z.string(),
    bucket_name: z.string().describe('place of the keys'),
    source: z.string().describe('prefix of the keys'),
    target: z.string().describe('where the documents stand in the catalogue'),
    added_keys: z.array(z.string()),
    updated_keys: z.array(z.string()),
    deleted_keys: z.array(z.string()),
  }),
  {
    dedupe: 'key',
    delivery: 'told',
    routedBy: 'workspace',
    from: ['ingester'],
    to: ['api'],
    summary:
      'ingester: documents of a catalogue changed, in the shape that pipelines of the hub read; all are there when it is told. Triggers of the workspace see it too.',
    golden: {
      id: `workflow/demo/${run}`,
      workspace: 'demo',
      repository: '',
      branch: '',
      bucket_name: 'workspaces',
      source: 'demo/files/',
      target: 'user/catalogs/demo/catalogs/',
      added_keys: ['demo/files/processing-results.json'],
      updated_keys: [],
      deleted_keys: [],
    },
  },
);

export const EventRefused = event(
  'event.refused',
  1,
  z.object({ workspace: Workspace, pipeline: z.string(), id: z.string().optional(), source: z.string().optional(), reason: z.string() }),
  {
    dedupe: 'state',
    delivery: 'ephemeral',
    routedBy: 'workspace',
    from: ['api'],
    to: [],
    summary: 'api: an event of a pipeline was refused, for this reason; it is kept beside the reason (`GET /api/v1/events/refused`).',
    golden: { workspace: 'demo', pipeline: 'planet', id: '17', source: '/planet', reason: 'type: expected string' },
  },
);
