-------------------------- MODULE FenceAndVersion --------------------------
(***************************************************************************)
(* The guard that compares a fence and a version when a merge is written:  *)
(* FencedTable.  The row's fence is the token of its latest writer.        *)
(*                                                                         *)
(*     SELECT .., version                                                  *)
(*     merge                                                               *)
(*     UPDATE .. SET .., fence = :token, version = version + 1             *)
(*      WHERE fence <= :token AND version = :versionRead      then COMMIT  *)
(*                                                                         *)
(* Checked: no acknowledged merge is lost, and tokens never fall from one  *)
(* writer to the next.  The version does the first, the fence the second.  *)
(*                                                                         *)
(* Assumed of the database: READ COMMITTED, where a statement is one step, *)
(* a row that an open transaction changed is waited for, and then judged   *)
(* as it is after the other's commit; a commit is not lost.  Assumed of    *)
(* the locks: nothing.  Any number of holders are at work at once, paused  *)
(* at any step, as after the end of their leases; their tokens are any     *)
(* numbers in any order, also equal ones.  A transaction may be rolled     *)
(* back at any time, and a commit's answer may be lost.                    *)
(*                                                                         *)
(* The first flaw is the fence alone as Kleppmann introduces it (How to do *)
(* distributed locking, 2016): enough for writes that do not depend on a   *)
(* read, but here the new holder may read before the old one writes.       *)
(***************************************************************************)
EXTENDS Integers, FiniteSets, TLC

CONSTANTS
  Holders,  \* claims that were granted
  Tokens,   \* the numbers that stores may mint
  Merges,   \* how many a holder does, each from a read of its own
  Nobody,
  Flaw      \* "none", or what is done wrong

ASSUME Flaw \in {"none", "fence alone", "version alone", "version not counted",
                 "version after the data", "zero rows are a success", "acknowledged before commit"}

VARIABLES
  fence, version, data,  \* the row as committed; its data is the set of the merges in it
  open,     \* whose transaction changed the row and is not committed
  draft,    \* the data of that
  token,    \* of each holder
  phase,    \* of each holder: "idle", "read", "merging", "written" or "stopped"
  copy,     \* of each holder: the data as it merges it
  from,     \* of each holder: the version that it read
  done,     \* of each holder: how many of its merges were acknowledged
  acked,    \* those merges
  latest,   \* the token of the latest write, whatever the row says
  falling   \* did a write follow one with a greater token?

row == <<fence, version, data, open, draft>>
vars == <<row, token, phase, copy, from, done, acked, latest, falling>>

Init ==
  /\ fence = 0 /\ version = 0 /\ data = {}
  /\ open = Nobody /\ draft = {}
  /\ token \in [Holders -> Tokens]
  /\ phase = [h \in Holders |-> "idle"]
  /\ copy = [h \in Holders |-> {}]
  /\ from = [h \in Holders |-> 0]
  /\ done = [h \in Holders |-> 0]
  /\ acked = {} /\ latest = 0 /\ falling = FALSE

Next1(h) == <<h, done[h] + 1>>

(* Reads and merges.  The flaw reads the version in a second statement. *)
Read(h) ==
  /\ phase[h] = "idle"
  /\ done[h] < Merges
  /\ copy' = [copy EXCEPT ![h] = data \cup {Next1(h)}]
  /\ from' = [from EXCEPT ![h] = version]
  /\ phase' = [phase EXCEPT ![h] = IF Flaw = "version after the data" THEN "read" ELSE "merging"]
  /\ UNCHANGED <<row, token, done, acked, latest, falling>>

ReadVersion(h) ==
  /\ phase[h] = "read"
  /\ from' = [from EXCEPT ![h] = version]
  /\ phase' = [phase EXCEPT ![h] = "merging"]
  /\ UNCHANGED <<row, token, copy, done, acked, latest, falling>>

Fits(h) ==
  /\ fence <= token[h] \/ Flaw = "version alone"
  /\ version = from[h] \/ Flaw = "fence alone"

Acknowledge(h) ==
  /\ acked' = acked \cup {Next1(h)}
  /\ done' = [done EXCEPT ![h] = @ + 1]

(* One row changed: the row is ours until the end of the transaction. *)
Write(h) ==
  /\ phase[h] = "merging"
  /\ open = Nobody
  /\ Fits(h)
  /\ open' = h
  /\ draft' = copy[h]
  /\ phase' = [phase EXCEPT ![h] = "written"]
  /\ IF Flaw = "acknowledged before commit" THEN Acknowledge(h) ELSE UNCHANGED <<acked, done>>
  /\ UNCHANGED <<fence, version, data, token, copy, from, latest, falling>>

(* No row changed: a newer fence stops the holder, another version has it read again. *)
Refused(h) ==
  /\ phase[h] = "merging"
  /\ open = Nobody
  /\ ~Fits(h)
  /\ IF Flaw = "zero rows are a success"
     THEN Acknowledge(h) /\ phase' = [phase EXCEPT ![h] = "idle"]
     ELSE /\ phase' = [phase EXCEPT ![h] = IF fence > token[h] THEN "stopped" ELSE "idle"]
          /\ UNCHANGED <<acked, done>>
  /\ copy' = [copy EXCEPT ![h] = {}]
  /\ from' = [from EXCEPT ![h] = 0]
  /\ UNCHANGED <<row, token, latest, falling>>

(* If the answer to the commit is lost, the holder reads again, and finds its merge or not. *)
Commit(h) ==
  /\ open = h
  /\ data' = draft
  /\ version' = IF Flaw = "version not counted" THEN version ELSE version + 1
  /\ falling' = (falling \/ token[h] < latest)
  /\ latest' = token[h]
  /\ fence' = token[h]
  /\ IF Flaw = "acknowledged before commit"
     THEN UNCHANGED <<acked, done>>
     ELSE Acknowledge(h) \/ UNCHANGED <<acked, done>>
  /\ phase' = [phase EXCEPT ![h] = "idle"]
  /\ copy' = [copy EXCEPT ![h] = {}]
  /\ from' = [from EXCEPT ![h] = 0]
  /\ open' = Nobody /\ draft' = {}
  /\ UNCHANGED token

(* The database takes the transaction back; the holder reads again or is no more. *)
RollBack(h) ==
  /\ open = h
  /\ open' = Nobody /\ draft' = {}
  /\ phase' \in {[phase EXCEPT ![h] = "idle"], [phase EXCEPT ![h] = "stopped"]}
  /\ copy' = [copy EXCEPT ![h] = {}]
  /\ from' = [from EXCEPT ![h] = 0]
  /\ UNCHANGED <<fence, version, data, token, done, acked, latest, falling>>

Next ==
  \E h \in Holders :
    Read(h) \/ ReadVersion(h) \/ Write(h) \/ Refused(h) \/ Commit(h) \/ RollBack(h)

Spec == Init /\ [][Next]_vars

NoMergeLost == acked \subseteq data
TokensNeverFall == ~falling

(* Without this bound a holder whose answers are all lost writes without end. *)
CONSTANT MaxVersion
Bound == version <= MaxVersion

Alike == Permutations(Holders)
=============================================================================
