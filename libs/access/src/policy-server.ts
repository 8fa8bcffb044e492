import Breaker from 'opossum';
import { z } from 'zod';
import { refusals } from './policy.ts';
import type { Decision, Policy, PolicyInput } from './policy.ts';

export interface PolicyServerOptions {
  /** Of the decision, as OPA's REST API names it: `http://opa:8181/v1/data/runnel/access/decision`. */
  readonly url: string;
  /** Milliseconds that a decision may take; default 1000. */
  readonly timeout?: number;
  /** Milliseconds that a server which failed is left alone before it is tried again; default 1000. */
  readonly leftAlone?: number;
}

/** Who decides cannot be asked: nobody is let in and nobody is turned away for good. */
class PolicyUnavailable extends Error {
  override readonly name = 'ServiceUnavailable';
  readonly service = 'the policy server';
  /** Seconds. */
  readonly retryAfter = 2;
}

/** Fields that a newer policy adds are not looked at. */
const answer = z.object({
  result: z.union([
    z.object({ allow: z.literal(true) }),
    z.object({ allow: z.literal(false), reason: z.enum(refusals), message: z.string().max(1000) }),
  ]),
});

/**
 * Asks an OPA server. It fails closed: where the server does not answer, or has no such decision, every request rejects, at once after a few
 * that did, until one succeeds.
 */
export function policyServer({ url, timeout = 1000, leftAlone = 1000 }: PolicyServerOptions): Policy {
  const breaker = new Breaker((input: PolicyInput) => ask(url, input, timeout), {
    // The request has a limit of its own, which also ends it.
    timeout: false,
    errorThresholdPercentage: 50,
    volumeThreshold: 3,
    resetTimeout: leftAlone,
  });
  const decide = (input: PolicyInput): Promise<Decision> =>
    breaker.fire(input).catch((cause: unknown) => {
      throw cause instanceof PolicyUnavailable ? cause : new PolicyUnavailable('the policy server does not decide', { cause });
    });
  // Not by the breaker: looking whether it is well is no reason to leave it alone, and must see that it is back.
  const nobody: PolicyInput = { principal: { kind: 'anonymous' }, action: 'service.observe', resource: {} };
  return { decide, ping: async () => void (await ask(url, nobody, timeout)) };
}

async function ask(url: string, input: PolicyInput, timeout: number): Promise<Decision> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input }),
    redirect: 'error',
    signal: AbortSignal.timeout(timeout),
  });
  if (!response.ok) throw new PolicyUnavailable(`the policy server answers ${response.status}`);
  const found = answer.safeParse(await response.json());
  // OPA answers {} for what it has no policy of: it was started without this one, or has not loaded it yet.
  if (!found.success) throw new PolicyUnavailable(`${url} is no decision of this policy`);
  return found.data.result;
}
