---------------------------- MODULE ClaimOnRead ----------------------------
(***************************************************************************)
(* The guard that claims a record before it is merged: a row with a fence  *)
(* (the greatest token that claimed it) and the claimant's digest.         *)
(*                                                                         *)
(*     UPDATE .. SET fence = :token, holder = :digest                      *)
(*      WHERE fence < :token OR fence = :token AND holder = :digest        *)
(*      RETURNING *                                    committed, then     *)
(*     merge                                                               *)
(*     UPDATE .. SET .. WHERE fence = :token AND holder = :digest          *)
(*                                                                         *)
(* Checked: no acknowledged merge is lost; and once a holder began to      *)
(* merge, no write of a lower token is accepted, so that whatever its      *)
(* merge sees or does elsewhere comes after all of theirs.                 *)
(*                                                                         *)
(* Assumed of the database: a statement is one step, a row that an open    *)
(* transaction changed is waited for, a commit is not lost.  Assumed of    *)
(* the locks: nothing.  Any number of holders are at work at once, paused  *)
(* at any step, as after the end of their leases; their tokens are any     *)
(* numbers in any order, also equal ones, as two masters that both think   *)
(* they are the only one may mint them.  The digest is the claim's own.    *)
(* Answers get lost; what is not answered is asked again.                  *)
(*                                                                         *)
(* That a token checked at the write alone is not enough for records that  *)
(* are read, merged and written is the first of the flaws: the check at    *)
(* the write is how Kleppmann introduces fencing tokens (How to do         *)
(* distributed locking, 2016), for writes that do not depend on a read.    *)
(***************************************************************************)
EXTENDS Integers, FiniteSets, TLC

CONSTANTS
  Holders,  \* claims that were granted, each with a digest of its own
  Tokens,   \* the numbers that stores may mint
  Merges,   \* how many a holder does, one after the other
  Nobody,
  Flaw      \* "none", or what is done wrong

ASSUME Flaw \in {"none", "no claim", "claim not committed", "token without digest",
                 "read before the claim", "zero rows are a success"}

VARIABLES
  fence, digest, data,   \* the row; its data is the set of the merges in it
  before,   \* the row's fence and digest without the transaction that is open, if one is
  open,     \* whose transaction is open
  token,    \* of each holder
  phase,    \* of each holder: "new", "read" (of the flaw), "claimed" or "stopped"
  copy,     \* of each holder: the record as it merges it
  merged,   \* of each holder: how many merges are in its copy
  acked,    \* merges that were acknowledged
  began,    \* the greatest token whose holder began to merge
  late      \* was a write accepted with a lower token than that?

row == <<fence, digest, data, before, open>>
vars == <<row, token, phase, copy, merged, acked, began, late>>

Init ==
  /\ fence = 0 /\ digest = Nobody /\ data = {}
  /\ before = <<0, Nobody>> /\ open = Nobody
  /\ token \in [Holders -> Tokens]
  /\ phase = [h \in Holders |-> "new"]
  /\ copy = [h \in Holders |-> {}]
  /\ merged = [h \in Holders |-> 0]
  /\ acked = {} /\ began = 0 /\ late = FALSE

MayUse(h) == open \in {Nobody, h}
Mine(h) ==
  fence = token[h] /\ (Flaw = "token without digest" \/ digest = h)

(* Claims and reads: the first statement.  Also asked again, its answer lost. *)
Claim(h) ==
  /\ phase[h] = (IF Flaw = "read before the claim" THEN "read" ELSE "new")
  /\ Flaw # "no claim"
  /\ MayUse(h)
  /\ fence < token[h] \/ Mine(h)
  /\ fence' = token[h]
  /\ digest' = h
  /\ IF Flaw = "claim not committed" /\ open = Nobody
     THEN open' = h /\ before' = <<fence, digest>>
     ELSE UNCHANGED <<open, before>>
  /\ copy' = IF Flaw = "read before the claim" THEN copy ELSE [copy EXCEPT ![h] = data]
  /\ \/ phase' = [phase EXCEPT ![h] = "claimed"]
     \/ phase' = phase /\ Flaw # "claim not committed"  \* the answer is lost
  /\ UNCHANGED <<data, token, merged, acked, began, late>>

(* The claim is refused: a newer holder was there. *)
Refused(h) ==
  /\ phase[h] \in {"new", "read"}
  /\ Flaw # "no claim"
  /\ open = Nobody
  /\ ~(fence < token[h] \/ Mine(h))
  /\ phase' = [phase EXCEPT ![h] = "stopped"]
  /\ UNCHANGED <<row, token, copy, merged, acked, began, late>>

(* Reads, and claims nothing or later: two of the flaws. *)
Read(h) ==
  /\ Flaw \in {"no claim", "read before the claim"}
  /\ phase[h] = "new"
  /\ phase' = [phase EXCEPT ![h] = IF Flaw = "no claim" THEN "claimed" ELSE "read"]
  /\ copy' = [copy EXCEPT ![h] = data]
  /\ UNCHANGED <<row, token, merged, acked, began, late>>

(* Takes its next contribution into its copy. *)
Merge(h) ==
  /\ phase[h] = "claimed"
  /\ merged[h] < Merges
  /\ \A k \in 1..merged[h] : <<h, k>> \in acked
  /\ merged' = [merged EXCEPT ![h] = @ + 1]
  /\ copy' = [copy EXCEPT ![h] = @ \cup {<<h, merged[h] + 1>>}]
  /\ began' = IF token[h] > began THEN token[h] ELSE began
  /\ UNCHANGED <<row, token, phase, acked, late>>

(* Writes and commits.  The answer may be lost; then it writes again. *)
Write(h) ==
  /\ phase[h] = "claimed"
  /\ merged[h] > 0
  /\ MayUse(h)
  /\ LET accepted == IF Flaw = "no claim" THEN fence <= token[h] ELSE Mine(h)
         ack == acked \cup {<<h, merged[h]>>}
     IN
     IF accepted
     THEN /\ data' = copy[h]
          /\ fence' = token[h]
          /\ open' = Nobody
          /\ before' = <<0, Nobody>>
          /\ late' = (late \/ token[h] < began)
          /\ acked' \in {acked, ack}
          /\ UNCHANGED <<digest, phase>>
     ELSE /\ IF Flaw = "zero rows are a success"
             THEN acked' = ack /\ phase' = phase
             ELSE acked' = acked /\ phase' = [phase EXCEPT ![h] = "stopped"]
          /\ UNCHANGED <<row, late>>
  /\ UNCHANGED <<token, copy, merged, began>>

(* The holder of an open transaction dies, or its connection does: the database takes it back. *)
RollBack ==
  /\ open # Nobody
  /\ fence' = before[1]
  /\ digest' = before[2]
  /\ open' = Nobody
  /\ before' = <<0, Nobody>>
  /\ phase' = [phase EXCEPT ![open] = "stopped"]
  /\ UNCHANGED <<data, token, copy, merged, acked, began, late>>

Next ==
  \/ RollBack
  \/ \E h \in Holders : Claim(h) \/ Refused(h) \/ Read(h) \/ Merge(h) \/ Write(h)

Spec == Init /\ [][Next]_vars

NoMergeLost == acked \subseteq data
NoWriteBelowAMerge == ~late

Alike == Permutations(Holders)
=============================================================================
