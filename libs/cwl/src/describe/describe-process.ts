import type { CwlPackage, Json, JsonObject } from '../model.ts';

/** OGC API - Processes, Part 1: process description without links, which belong to the face. */
export interface ProcessDescription {
  id: string;
  title: string;
  description: string;
  /** `s:softwareVersion` or `s:version`, else `unknown`. */
  version: string;
  keywords: string[];
  metadata: { role: string; value: Json }[];
  inputs: { [id: string]: InputDescription };
  outputs: { [id: string]: OutputDescription };
}
export interface InputDescription {
  title: string;
  description: string;
  schema: JsonObject;
  minOccurs: number;
  maxOccurs: number | 'unbounded';
}
export interface OutputDescription {
  title: string;
  description: string;
  schema: JsonObject;
}

/** Describes a process of the package for OGC API - Processes (20-089r1, application package → description). */
export declare function describeProcess(pkg: CwlPackage, id: string): ProcessDescription;
