import { hideShortened } from '@runnel/cwl';
import type { RunEvent } from '@runnel/engine';

export interface Progress {
  onEvents(events: RunEvent[]): void;
  onLog(step: string, chunk: Buffer): void;
  note(text: string): void;
  /** From now on this text is masked in everything that is said. */
  hide(secret: string): void;
  /** A text as it may be said. */
  masked(text: string): string;
  end(): void;
}

const mask = '(secret)';

/** What happens, on stderr: the tools' own lines with their step in front, and one line of progress that is rewritten on a terminal. */
export function createProgress(quiet: boolean, timestamps = false, out: NodeJS.WriteStream = process.stderr): Progress {
  const begun = performance.now();
  const unfinished = new Map<string, string>();
  let started = 0;
  let finished = 0;
  let shown = false;
  const secrets = new Set<string>();
  const masked = (text: string): string =>
    hideShortened(
      [...secrets].reduce((rest, secret) => rest.replaceAll(secret, mask), text),
      secrets,
      mask,
    );

  const clear = (): void => {
    if (shown) out.write('\r\x1b[K');
    shown = false;
  };
  const line = (text: string): void => {
    clear();
    out.write(`${timestamps ? `[${new Date().toISOString()}] ` : ''}${masked(text)}\n`);
  };
  const show = (step: string): void => {
    if (!out.isTTY) return;
    clear();
    out.write(
      `${finished} of ${started} steps done, ${((performance.now() - begun) / 1000).toFixed(1)} s, last: ${step}`.slice(0, out.columns - 1),
    );
    shown = true;
  };
  return {
    onEvents(events) {
      for (const { type, data } of events) {
        if (type === 'step.requested') started += 1;
        if (type === 'step.finished') finished += 1;
        if (!quiet && (type === 'step.finished' || type === 'step.started')) show(data.step);
        if (!quiet && type === 'step.retry-scheduled') line(`${data.step}: tried again at ${data.dueAt}: ${data.failure.reason}`);
      }
    },
    onLog(step, chunk) {
      const lines = ((unfinished.get(step) ?? '') + chunk.toString('utf8')).split('\n');
      const rest = lines.pop() ?? '';
      if (rest === '') unfinished.delete(step);
      else unfinished.set(step, rest);
      for (const one of lines) line(`[${step}] ${one}`);
    },
    hide: (secret) => void secrets.add(secret),
    masked,
    note(text) {
      if (!quiet) line(text);
    },
    end() {
      for (const [step, rest] of unfinished) line(`[${step}] ${rest}`);
      clear();
      if (!quiet) out.write(`${finished} ${finished === 1 ? 'step' : 'steps'}, ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
    },
  };
}
