export * from './model.ts';
export * from './ports.ts';
export type { LoadLimits } from './load/limits.ts';
export { DEFAULT_LIMITS } from './load/limits.ts';
export type { LoadOptions, LoadResult, Positions } from './load/load-package.ts';
export { loadAndCheck, loadPackage } from './load/load-package.ts';
export { packDigestText } from './load/pack-digest.ts';
export type { InputObject, ParseInputsOptions } from './load/parse-inputs.ts';
export { parseInputs } from './load/parse-inputs.ts';
export type { BindOptions } from './check/bind-inputs.ts';
export { bindInputs, stepInputs } from './check/bind-inputs.ts';
export type { Nesting } from './compose/nest-processes.ts';
export { nestedInput, nestProcesses } from './compose/nest-processes.ts';
export { checkPackage } from './check/check-package.ts';
export { formatIsA } from './check/format-is-a.ts';
export { showType } from './check/show-type.ts';
export type { InputDescription, OutputDescription, ProcessDescription } from './describe/describe-process.ts';
export { describeProcess } from './describe/describe-process.ts';
export type { ExpressionFault } from './expression/expression-error.ts';
export { hideShortened } from './expression/shorten.ts';
export { ExpressionError } from './expression/expression-error.ts';
export type { EvaluateOptions, Evaluator, EvaluatorOptions, JavaScriptSupport } from './expression/evaluate.ts';
export { createEvaluator, evaluate } from './expression/evaluate.ts';
export { compareCodePoints, interpolated, numberText, toText } from './expression/json-text.ts';
export type { ProcessEvaluatorOptions } from './expression/process-evaluator.ts';
export { evaluatorFor } from './expression/process-evaluator.ts';
export type { Template, TemplateOptions, TemplatePart } from './expression/template.ts';
export { hasExpression, needsJavaScript, parseTemplate } from './expression/template.ts';
export type {
  CudaRequirement,
  DockerRequirement,
  NumberOrExpression,
  RequirementClass,
  RequirementLevel,
  RequirementsInForce,
} from './requirements.ts';
export { isKnownRequirement, requirement, requirementsInForce } from './requirements.ts';
export { inputsByContent, reuseMeaning, stableText } from './reuse.ts';
export type { ResourceContext, ResourceRequest, Runtime } from './resources.ts';
export { resources, runtimeFor } from './resources.ts';
export { ProcessFault } from './process-fault.ts';
export { isOfType } from './value-type.ts';
export type { CompleteInputsContext } from './files/complete-inputs.ts';
export { completeInputs, loadForStep } from './files/complete-inputs.ts';
export type { FormatContext } from './files/check-formats.ts';
export { checkFormats } from './files/check-formats.ts';
export { loadContents, loadListing } from './files/load.ts';
export {
  baseName,
  baseNameOf,
  completeNames,
  directoryName,
  isWithin,
  joinPath,
  locationToPath,
  nameFromLocation,
  pathToLocation,
  relatedLocation,
  splitName,
} from './files/names.ts';
export type { DirectoryValue, FileValue, PathValue } from './files/values.ts';
export { addressOf, isDirectory, isFile, isLiteral, isObject, isPathValue, mapPathValues, visitPathValues } from './files/values.ts';
export { expandPrefix } from './load/scope.ts';
export { applyPattern } from './files/secondary-files.ts';
export { listedPrefix } from './files/listed-folders.ts';
export type { Command, CommandContext } from './command/build-command.ts';
export { buildCommand, exitMeaning } from './command/build-command.ts';
export { shellQuote } from './command/arguments.ts';
export type { StageInputsOptions, StagingEntry, StagingPlan } from './command/staging.ts';
export { placeValue, stageInputs } from './command/staging.ts';
export type { CollectContext, Collected } from './collect/collect-outputs.ts';
export { collectOutputs } from './collect/collect-outputs.ts';
export { matchSegment } from './collect/glob.ts';
export { runExpressionTool } from './collect/run-expression-tool.ts';
