import type { Offer } from '@runnel/access';
import type { Database } from '@runnel/postgres';

/** What a workspace offers to others, by process: only what is public or a service. */
export type Offers = ReadonlyMap<string, Offer>;

export async function readOffers({ pool }: Pick<Database, 'pool'>, workspace: string): Promise<Offers> {
  const { rows } = await pool.query<Offer & { process: string }>({
    name: 'read-offers',
    text: `select process, public, user_service as "userService" from workflow_policies where workspace = $1 and (public or user_service)`,
    values: [workspace],
  });
  return new Map(rows.map(({ process, public: isPublic, userService }) => [process, { public: isPublic, userService }]));
}
