/**
 * What the program of deploy/stage reads and says, version 1; its README explains each field. All paths are absolute and the same in the
 * pod's three containers. Within a version only optional fields are added: pods outlive upgrades.
 */
import { attemptFields, ObjectKey, Timestamp } from '@runnel/contracts';
import { z } from 'zod';

const version = z.literal(1);
const Path = z.string().regex(/^\/[^\0]*$/);
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Size = z.int().min(0).describe('bytes');

/** Which attempt a call is about; the token says whether it is the caller's. */
export const StagedAttempt = z.object(attemptFields);
export type StagedAttempt = z.infer<typeof StagedAttempt>;

/** One thing to put in place before the tool starts; carried out so that an entry may name the target of an earlier one. */
export const StageEntry = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('object'),
    key: ObjectKey,
    target: Path,
    size: Size.optional(),
    sha256: Sha256.optional(),
    writable: z.boolean().default(false),
  }),
  z.object({ kind: z.literal('literal'), contents: z.string(), target: Path, writable: z.boolean().default(false) }),
  z.object({ kind: z.literal('directory'), target: Path }),
  z.object({ kind: z.literal('symlink'), target: Path, to: Path }),
  z.object({ kind: z.literal('hardlink'), target: Path, to: Path }),
  z.object({ kind: z.literal('copy'), target: Path, from: Path }),
]);
export type StageEntry = z.infer<typeof StageEntry>;

/** What the wrapper does; the stager writes it to `files.wrap`. */
export const WrapPlan = z.object({
  version,
  argv: z.array(z.string()).min(1),
  /** Beside what the image says. */
  env: z.record(z.string(), z.string()),
  cwd: Path,
  stdin: Path.optional(),
  /** Absent: the container's log. Both may name one file. */
  stdout: Path.optional(),
  stderr: Path.optional(),
  umask: z
    .string()
    .regex(/^0?[0-7]{3}$/)
    .default('022'),
  /** Wall time from exec. */
  timeLimitSeconds: z.number().positive().optional(),
  /** From SIGTERM to SIGKILL. */
  graceSeconds: z.number().min(0).default(10),
  fifo: Path,
  exitFile: Path,
  /** Texts that the container's log shows as `***`. */
  hidden: z.array(z.string().min(1)).optional(),
});
export type WrapPlan = z.infer<typeof WrapPlan>;

/** What the uploader does; the stager writes it to `files.upload`. */
export const UploadPlan = z.object({
  version,
  outdir: Path,
  fifo: Path,
  exitFile: Path,
  /** Files hashed and sent at a time. */
  parallel: z.int().min(1).max(64).default(8),
  /** More entries than this in the output folder are a failure. */
  maxEntries: z.int().min(1).default(200_000),
});
export type UploadPlan = z.infer<typeof UploadPlan>;

/** Answer to POST /staging/v1/plan. */
export const StagePlan = z.object({
  version,
  /** Folders that exist before anything is placed; every target lies in one of them. */
  roots: z.array(Path).min(1),
  entries: z.array(StageEntry),
  /** Objects brought at a time. */
  parallel: z.int().min(1).max(64).default(8),
  /** Where the stager puts this program and the plans of the other two. */
  files: z.object({ program: Path, wrap: Path, upload: Path }),
  wrap: WrapPlan,
  upload: UploadPlan,
});
export type StagePlan = z.infer<typeof StagePlan>;

/** Written by the wrapper, whole or not at all. Its figures are the tool's word: it shares the wrapper's uid. */
export const ExitReport = z.object({
  version,
  /** As a shell says it: 128 + n where signal n ended the tool, 126 or 127 where it could not be started. */
  exitCode: z.int().min(0).max(255),
  signal: z.string().optional(),
  limit: z.literal('time').optional(),
  cancelled: z.literal(true).optional(),
  /** Why the tool could not be started. */
  fault: z.string().optional(),
  startedAt: Timestamp,
  finishedAt: Timestamp,
  wallSeconds: z.number().min(0),
  cpuSeconds: z.number().min(0),
  maxMemoryBytes: z.number().min(0),
});
export type ExitReport = z.infer<typeof ExitReport>;

const call = { version, attempt: StagedAttempt };

/** Bytes of each part but the last of a file that is larger than that; smaller ones are sent in one request. */
export const partBytes = 64 * 1024 * 1024;

const parts = z.array(Sha256).max(10_000);

export const PlanRequest = z.object(call);

/** POST /staging/v1/urls. At most 500 of each. */
export const UrlsRequest = z.object({
  ...call,
  get: z
    .array(z.object({ key: ObjectKey }))
    .max(500)
    .default([]),
  put: z
    .array(
      z.object({
        sha256: Sha256,
        size: Size,
        /** Checksum of each part, where there are several. */
        parts: parts.optional(),
        /** Of an upload begun before, whose addresses have expired. */
        uploadId: z.string().optional(),
      }),
    )
    .max(500)
    .default([]),
  /** Uploads all of whose parts are there; `etags` in the order of the parts. */
  complete: z
    .array(z.object({ sha256: Sha256, size: Size, uploadId: z.string(), parts, etags: z.array(z.string()) }))
    .max(500)
    .default([]),
});
export type UrlsRequest = z.infer<typeof UrlsRequest>;

/** A presigned request; its headers are part of the signature. */
const Signed = z.object({ url: z.url(), headers: z.record(z.string(), z.string()).default({}) });

export const UrlsResponse = z.object({
  version,
  /** In the order asked for. `missing`: there is no such object. */
  get: z.array(z.union([Signed, z.object({ missing: z.literal(true) })])).default([]),
  /** In the order asked for. `present`: it is there already. */
  put: z
    .array(z.union([z.object({ present: z.literal(true) }), Signed, z.object({ uploadId: z.string(), parts: z.array(Signed) })]))
    .default([]),
});
export type UrlsResponse = z.infer<typeof UrlsResponse>;

/** One entry below the output folder; paths are relative to it, sorted in C order. */
export const ListedEntry = z.object({
  path: z.string().min(1),
  type: z.enum(['file', 'directory', 'symlink', 'other']),
  size: Size,
  /** Of a symbolic link, as it stands there. */
  target: z.string().optional(),
  /** Why it cannot be read or named (a name that is not UTF-8 is shown escaped). */
  fault: z.string().optional(),
});
export type ListedEntry = z.infer<typeof ListedEntry>;

/** POST /staging/v1/collect. Each call carries all that is known, so that any replica can answer. */
export const CollectRequest = z.object({
  ...call,
  /** Absent: the wrapper was killed before it could write one. */
  exit: ExitReport.optional(),
  listing: z.array(ListedEntry),
  /** Base64 by path, as the answers before asked for. */
  contents: z.record(z.string(), z.base64()).default({}),
  /** What is in the store now, by path. */
  uploaded: z.record(z.string(), z.object({ sha256: Sha256, sha1: z.string().regex(/^[0-9a-f]{40}$/), size: Size })).default({}),
});
export type CollectRequest = z.infer<typeof CollectRequest>;

/** What the uploader does next; the result object is written before `done` is answered. */
export const CollectResponse = z.discriminatedUnion('next', [
  z.object({ next: z.literal('read'), files: z.array(z.object({ path: z.string().min(1), maxBytes: Size })) }),
  z.object({ next: z.literal('upload'), files: z.array(z.string().min(1)) }),
  z.object({ next: z.literal('done') }),
]);
export type CollectResponse = z.infer<typeof CollectResponse>;
