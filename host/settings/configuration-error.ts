/** The host can't run as it is set up. The message says what is wrong and what to do, in one line for a person. */
export class ConfigurationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ConfigurationError";
  }
}
