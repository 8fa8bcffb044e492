import { z } from 'zod';

/** Where images of tools may come from; set by an administrator. Names are whole: `debian` is `docker.io/library/debian`. */
export const ImageSources = z.strictObject({
  /** Registries and folders of them, e.g. `registry.example` or `docker.io/library`; none: all. */
  allowed: z.array(z.string().min(1)).default([]),
  /** What stands for a registry or a folder of one, e.g. `{"docker.io": "mirror.example/docker"}`; the longest one that fits. */
  mirrors: z.record(z.string(), z.string().min(1)).default({}),
});
export type ImageSources = z.infer<typeof ImageSources>;

/** The image that is pulled for a name, or why there is none. */
export function imageFrom(name: string, { allowed, mirrors }: ImageSources): { image: string } | { refused: string } {
  const whole = wholeName(name);
  if (allowed.length > 0 && !allowed.some((source) => isWithin(whole, source)))
    return { refused: `images of ${registryOf(whole)} are not allowed here: ${whole} is in none of ${allowed.join(', ')}` };
  const [best] = Object.keys(mirrors)
    .filter((source) => isWithin(whole, source))
    .sort((a, b) => b.length - a.length);
  return { image: best === undefined ? name : `${mirrors[best] ?? best}${whole.slice(best.length)}` };
}

/** With registry and folder, as `docker pull` completes them (distribution's reference grammar). */
function wholeName(name: string): string {
  const [first = '', ...rest] = name.split('/');
  if (rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')) return name;
  return rest.length > 0 ? `docker.io/${name}` : `docker.io/library/${name}`;
}

const registryOf = (whole: string): string => whole.slice(0, whole.indexOf('/'));

/** By whole parts of the path: `registry.example/team` does not hold `registry.example/teammate`. */
function isWithin(whole: string, source: string): boolean {
  return whole.startsWith(source) && ['/', ':', '@', undefined].includes(whole[source.length]);
}
