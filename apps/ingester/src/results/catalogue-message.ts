import { byDepth, CatalogueChanged } from '@runnel/contracts';
import { outgoing, type Outgoing } from '@runnel/messaging';
import type { LayoutChange } from '../stac/write-layout.ts';

/** Keys in one message: it may have 512 KiB, and a pipeline that lacks some lists the source. */
const mostKeys = 1000;

/** Tells pipelines behind which documents of a workspace's catalogue changed (contract of the EODH face, section 3.1). */
export function catalogueMessage(
  { bucket }: { bucket: string },
  { workspace, run }: { workspace: string; run: string },
  change: LayoutChange,
): Outgoing {
  const data = {
    id: `workflow/${workspace}/${run}`,
    workspace,
    repository: '',
    branch: '',
    bucket_name: bucket,
    source: `${workspace}/files/`,
    target: `user/catalogs/${workspace}/catalogs/`,
    added_keys: byDepth(change.added).slice(0, mostKeys),
    updated_keys: byDepth(change.updated).slice(0, mostKeys),
    deleted_keys: [],
  };
  return outgoing(CatalogueChanged, data, { run });
}
