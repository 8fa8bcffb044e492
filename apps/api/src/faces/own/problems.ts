import { Problem } from '@runnel/service';

export function notFound(what: string): Problem {
  return new Problem({ status: 404, title: 'Not found', detail: `there is no ${what}` });
}
