/** What the owner's access policy says of a process (contract of the EODH face, section 4.1); one it does not name is private. */
export interface Offer {
  readonly public: boolean;
  readonly userService: boolean;
}

/**
 * `private`: the owner's members alone · `public`: anybody, in their own workspace · `user-service`: anybody, in the owner's workspace, with its
 * data and at its cost, on inputs read with the caller's rights.
 */
export type OfferKind = 'private' | 'public' | 'user-service';

/** A service stays one where it is called public too: its data is the owner's. */
export function kindOf(offer: Offer | undefined): OfferKind {
  if (offer?.userService === true) return 'user-service';
  return offer?.public === true ? 'public' : 'private';
}

/** Where the parts of a run lie (section 4.3). Inputs are always read with the caller's rights; outputs, job and catalogue are the caller's. */
export interface Placement {
  /** Whose steps, intermediate files and logs they are, whose data they reach, and who is billed. */
  readonly executing: string;
  /** Who else than the caller may read job, logs and results. */
  readonly reader: string | undefined;
}

/** Undefined: the caller may not execute it. */
export function placeRun(owner: string, caller: string, offer: Offer | undefined): Placement | undefined {
  if (owner === caller) return { executing: owner, reader: undefined };
  switch (kindOf(offer)) {
    case 'private':
      return undefined;
    case 'public':
      return { executing: caller, reader: undefined };
    case 'user-service':
      return { executing: owner, reader: owner };
  }
}

/** Why a caller sees a process, in the words of the face's `AccessReasoning`. */
export function reasonToSee(owner: string, caller: string, offer: Offer | undefined): string {
  if (owner === caller) return 'Workspace owns this workflow';
  return kindOf(offer) === 'user-service' ? 'Workflow is a user service' : 'Workflow is public';
}
