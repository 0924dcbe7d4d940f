/** Waits for work, and goes on without it when it takes longer. The work is not stopped. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let alarm: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    alarm = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(alarm);
  }
}
