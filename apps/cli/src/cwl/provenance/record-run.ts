import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { CwlPackage, InputParameter, JsonObject, OutputParameter, Process } from '@runnel/cwl';

import type { LoadedJob } from '../load-job.ts';
import type { CwlOptions } from '../options.ts';
import { packDocument } from '../print/pack.ts';
import type { CarriedStep } from '../run-process.ts';
import { createCrate, type Crate, type Entity, type Ref } from './crate.ts';
import { formalParameter } from './formal-parameter.ts';

export interface RunRecord {
  onStep: (step: CarriedStep) => void;
  /** Writes the crate; the files of all steps must still be there. */
  finish: (outputs: JsonObject) => Promise<void>;
}

const document = 'workflow.cwl';

/** Records a run and writes it as a Workflow Run RO-Crate (profiles process, workflow and provenance, 0.5); a tool alone as a Process Run Crate. */
export function recordRun(folder: string, options: CwlOptions, job: LoadedJob): RunRecord {
  const started = new Date().toISOString();
  const steps: CarriedStep[] = [];
  return {
    onStep: (step) => void steps.push(step),
    async finish(outputs) {
      const root = resolve(folder);
      mkdirSync(root, { recursive: true });
      writeFileSync(join(root, document), `${JSON.stringify(packDocument(job.package), null, 2)}\n`);
      const crate = createCrate(root);
      const main = job.package.processes[job.package.main];
      if (main === undefined) return;
      const run = { started, ended: new Date().toISOString(), inputs: job.inputs, outputs, options };
      if (main.class === 'Workflow') await describeWorkflowRun(crate, job.package, main, { ...run, steps });
      else await describeToolRun(crate, main, run);
      writeFileSync(join(root, 'ro-crate-metadata.json'), `${JSON.stringify(crate.document(), null, 2)}\n`);
    },
  };
}

interface Run {
  started: string;
  ended: string;
  inputs: JsonObject;
  outputs: JsonObject;
  options: CwlOptions;
}

async function describeToolRun(crate: Crate, tool: Process, run: Run): Promise<void> {
  const instrument = crate.add({
    ...parameters(crate, document, tool),
    '@id': document,
    '@type': ['File', 'SoftwareSourceCode'],
    ...about(tool, 'tool'),
    programmingLanguage: language(crate),
  });
  const action = await execution(crate, tool, instrument, document, { ...run, id: '#run', name: `Run of ${nameOf(tool)}` });
  root(crate, run, { profiles: ['process'], parts: [instrument], mentions: [action], name: `Run of ${nameOf(tool)}` });
}

async function describeWorkflowRun(
  crate: Crate,
  pkg: CwlPackage,
  main: Process & { class: 'Workflow' },
  run: Run & { steps: CarriedStep[] },
): Promise<void> {
  const tools = new Map<string, Ref>();
  const toolOf = (id: string): Ref => {
    const known = tools.get(id);
    if (known !== undefined) return known;
    const tool = pkg.processes[id];
    const address = `${document}#${id}`;
    const type = tool?.class === 'Workflow' ? ['SoftwareSourceCode', 'ComputationalWorkflow', 'HowTo'] : 'SoftwareApplication';
    const made = crate.add({
      ...(tool && parameters(crate, address, tool)),
      '@id': address,
      '@type': type,
      ...(tool ? about(tool, id) : { name: id }),
    });
    tools.set(id, made);
    return made;
  };
  const howTo = new Map<string, Ref>();
  main.steps.forEach((step, index) => {
    const id = `${document}#main/steps/${step.id}`;
    howTo.set(
      step.id,
      crate.add({ '@id': id, '@type': 'HowToStep', name: step.id, position: String(index), workExample: toolOf(step.run) }),
    );
  });
  const workflow = crate.add({
    ...parameters(crate, document, main),
    '@id': document,
    '@type': ['File', 'SoftwareSourceCode', 'ComputationalWorkflow', 'HowTo'],
    ...about(main, 'workflow'),
    programmingLanguage: language(crate),
    hasPart: [...tools.values()],
    step: [...howTo.values()],
  });
  const action = await execution(crate, main, workflow, document, { ...run, id: '#run', name: `Run of ${nameOf(main)}` });
  const controls: Ref[] = [];
  const executions: Ref[] = [];
  for (const { attempt, outcome } of run.steps) {
    const tool = pkg.processes[attempt.process];
    const top = /^[^/[]+/.exec(attempt.name)?.[0] ?? attempt.name;
    const instrument = howTo.get(top);
    if (tool === undefined || instrument === undefined) continue;
    const id = `#step/${encodeURIComponent(attempt.name)}`;
    const carried = await execution(crate, tool, toolOf(attempt.process), `${document}#${attempt.process}`, {
      id,
      name: `Run of ${attempt.name}`,
      started: outcome.startedAt,
      ended: outcome.finishedAt,
      inputs: attempt.inputs,
      outputs: outcome.outputs,
      ...(outcome.failure && { failure: outcome.failure.reason }),
    });
    executions.push(carried);
    controls.push(
      crate.add({
        '@id': `${id}/control`,
        '@type': 'ControlAction',
        name: `orchestration of ${attempt.name}`,
        instrument,
        object: carried,
      }),
    );
  }
  const engine = crate.add({
    '@id': 'https://runnel.dev/runnel-cwl',
    '@type': 'SoftwareApplication',
    name: 'runnel-cwl',
    softwareVersion: '0.1.0',
    description: 'Runs CWL workflows',
    url: { '@id': 'https://runnel.dev/runnel-cwl' },
  });
  const organize = crate.add({
    '@id': '#organize',
    '@type': 'OrganizeAction',
    name: 'Run of runnel-cwl',
    instrument: engine,
    startTime: run.started,
    endTime: run.ended,
    agent: agentOf(crate),
    object: controls,
    result: action,
  });
  root(crate, run, {
    profiles: ['process', 'workflow', 'provenance'],
    parts: [workflow],
    mentions: [action, organize, ...executions],
    mainEntity: workflow,
    name: `Run of ${nameOf(main)}`,
  });
}

interface Execution extends Omit<Run, 'options'> {
  id: string;
  name: string;
  failure?: string;
}

async function execution(crate: Crate, process: Process, instrument: Ref, address: string, run: Execution): Promise<Ref> {
  const values = async (ports: readonly (InputParameter | OutputParameter)[], given: JsonObject, kind: string): Promise<Ref[]> => {
    const found: Ref[] = [];
    for (const { id } of ports) {
      const value = given[id];
      if (value === undefined || value === null) continue;
      found.push(await crate.value(value, { id: `${run.id}/${kind}/${id}`, name: id, parameter: `${address}#${kind}/${id}` }));
    }
    return found;
  };
  return crate.add({
    '@id': run.id,
    '@type': 'CreateAction',
    name: run.name,
    instrument,
    startTime: run.started,
    endTime: run.ended,
    agent: agentOf(crate),
    actionStatus: { '@id': `http://schema.org/${run.failure === undefined ? 'CompletedActionStatus' : 'FailedActionStatus'}` },
    ...(run.failure !== undefined && { error: run.failure }),
    object: await values(process.inputs, run.inputs, 'input'),
    result: await values(process.outputs, run.outputs, 'output'),
  });
}

function parameters(crate: Crate, address: string, process: Process): { input: Ref[]; output: Ref[] } {
  return {
    input: process.inputs.map((one) => crate.add(formalParameter(one, `${address}#input/${one.id}`))),
    output: process.outputs.map((one) => crate.add(formalParameter(one, `${address}#output/${one.id}`))),
  };
}

function about(process: Process, otherwise: string): { name: string; description?: string } {
  return {
    name: process.label ?? (process.id === 'main' ? otherwise : process.id),
    ...(process.doc !== undefined && { description: process.doc }),
  };
}

function nameOf(process: Process): string {
  return process.label ?? process.id;
}

function language(crate: Crate): Ref {
  return crate.add({
    '@id': 'https://w3id.org/workflowhub/workflow-ro-crate#cwl',
    '@type': 'ComputerLanguage',
    name: 'Common Workflow Language',
    alternateName: 'CWL',
    identifier: { '@id': 'https://w3id.org/cwl/v1.2/' },
    url: { '@id': 'https://www.commonwl.org/' },
    version: 'v1.2',
  });
}

function agentOf(crate: Crate): Ref {
  const user = process.env['USER'] ?? process.env['LOGNAME'] ?? 'user';
  return crate.add({ '@id': `#agent/${encodeURIComponent(user)}`, '@type': 'Person', name: user });
}

function root(crate: Crate, run: Run, what: { profiles: string[]; parts: Ref[]; mentions: Ref[]; mainEntity?: Ref; name: string }): void {
  const profiles = what.profiles.map((name) =>
    crate.add({ '@id': `https://w3id.org/ro/wfrun/${name}/0.5`, '@type': 'CreativeWork', name: `${name} Run Crate`, version: '0.5' }),
  );
  const workflowCrate = 'https://w3id.org/workflowhub/workflow-ro-crate/1.0';
  if (what.mainEntity)
    profiles.push(crate.add({ '@id': workflowCrate, '@type': 'CreativeWork', name: 'Workflow RO-Crate', version: '1.0' }));
  const license: Entity = {
    '@id': 'https://spdx.org/licenses/CC0-1.0',
    '@type': 'CreativeWork',
    name: 'CC0-1.0: the record of this run; its data and programs keep their own licences',
  };
  crate.setRoot(
    {
      name: what.name,
      description: `${what.name}, recorded by runnel-cwl from ${run.options.process}`,
      datePublished: run.ended,
      license: crate.add(license),
      conformsTo: profiles,
      mentions: what.mentions,
      ...(what.mainEntity && { mainEntity: what.mainEntity }),
    },
    what.parts,
    what.mainEntity ? [workflowCrate] : [],
  );
}
