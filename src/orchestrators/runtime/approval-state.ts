/** Where one execution stands with the approvals that its plan asks for. */
export class ApprovalState {
  /** Requirements that it has met, and does not meet again at the same point. */
  readonly passed = new Set<string>();
  /** How often each was asked for. */
  readonly rounds = new Map<string, number>();

  nextRound(requirementId: string): number {
    const round = (this.rounds.get(requirementId) ?? 0) + 1;
    this.rounds.set(requirementId, round);
    return round;
  }
}
