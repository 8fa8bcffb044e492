/** These outputs cannot be published, and no retry will help; the message is the reason for the user. Becomes `results.refused`. */
export class OutputsRefused extends Error {
  override readonly name = 'OutputsRefused';
}
