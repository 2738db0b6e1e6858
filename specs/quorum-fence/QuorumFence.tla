---------------------------- MODULE QuorumFence ----------------------------
(***************************************************************************)
(* Fencing tokens of a lock that a majority of independent stores grants   *)
(* (several Redis servers without replicas, say).                          *)
(*                                                                         *)
(* An attempt is one claim asking all nodes.  A node that has no holder    *)
(* grants: it counts its counter up and answers with it.  From the grants  *)
(* of a quorum the attempt takes the greatest as its token, and writes it  *)
(* back to nodes that granted less, until a quorum is confirmed.           *)
(*                                                                         *)
(* Checked: the tokens of successful attempts are unique, and if one       *)
(* attempt was answered before another began, its token is the lower one.  *)
(* Both without any assumption on time.                                    *)
(*                                                                         *)
(* Assumed: a node does one thing at a time and keeps its counter (or      *)
(* begins anew above every counter, Amnesia = "floored").  Nothing else: a *)
(* lease may end at any node at any moment, also under a holder; questions *)
(* and answers take any time or are lost; where Reask is TRUE questions    *)
(* are repeated without end and arrive even after the attempt succeeded.   *)
(* Hence no clocks here, and nothing about exclusion: that a lease's       *)
(* holder is alone does depend on clocks, the order of tokens does not.    *)
(*                                                                         *)
(* The idea is that of the register of Attiya, Bar-Noy and Dolev (Sharing  *)
(* Memory Robustly in Message-Passing Systems, JACM 1995): read the        *)
(* greatest from a majority, write it back to a majority.  The condition   *)
(* of the write-back is ours: only where the attempt is still the holder,  *)
(* by a grant that is not above its token.                                 *)
(***************************************************************************)
EXTENDS Integers, FiniteSets, TLC

CONSTANTS
  Nodes,      \* the stores
  Attempts,   \* the claims
  None,       \* nobody
  Quorum,     \* how many nodes make a yes; right is a majority
  Floors,     \* what attempts may propose as the lowest token, for example their clocks
  MaxCounter, \* a bound of the model; without Reask it is never reached
  Reask,      \* may an attempt be granted again by a node that lost its lease?
  Amnesia,    \* "never"; "floored" or "forgets": one node may lose its memory
  Flaw        \* "none", or what is done wrong; see Raise and Higher

ASSUME Flaw \in {"none", "no write-back", "unconditional write-back", "late grant",
                 "old confirmations"}

VARIABLES
  holder,     \* of each node: the attempt whose lease it keeps
  granted,    \* of each node: the token of that grant
  counter,    \* of each node
  answers,    \* of each attempt and node: the grants the node has answered with
  floor,      \* of each attempt: the lowest token it proposed
  phase,      \* of each attempt: "idle", "asking", "raising", "done" or "withdrawn"
  token,      \* of each attempt: what it decided on
  confirmed,  \* of each attempt: nodes known to be at its token
  past,       \* of each attempt: the greatest token of those answered before it began
  forgot      \* has a node lost its memory?

vars == <<holder, granted, counter, answers, floor, phase, token, confirmed, past, forgot>>

Max(S) == CHOOSE m \in S : \A k \in S : k <= m
Done == {x \in Attempts : phase[x] = "done"}

Init ==
  /\ holder = [n \in Nodes |-> None]
  /\ granted = [n \in Nodes |-> 0]
  /\ counter = [n \in Nodes |-> 0]
  /\ answers = [x \in Attempts |-> [n \in Nodes |-> {}]]
  /\ floor = [x \in Attempts |-> 0]
  /\ phase = [x \in Attempts |-> "idle"]
  /\ token = [x \in Attempts |-> 0]
  /\ confirmed = [x \in Attempts |-> {}]
  /\ past = [x \in Attempts |-> 0]
  /\ forgot = FALSE

(* The attempt sends its question to all nodes. *)
Begin(x) ==
  /\ phase[x] = "idle"
  /\ phase' = [phase EXCEPT ![x] = "asking"]
  /\ past' = [past EXCEPT ![x] = Max({token[y] : y \in Done} \cup {0})]
  /\ \E f \in Floors : floor' = [floor EXCEPT ![x] = f]
  /\ UNCHANGED <<holder, granted, counter, answers, token, confirmed, forgot>>

(* The question arrives at a node without a holder. *)
Grant(x, n) ==
  /\ holder[n] = None
  /\ IF Reask THEN phase[x] # "idle"
              ELSE phase[x] \in {"asking", "raising"} /\ answers[x][n] = {}
  /\ LET t == Max({counter[n] + 1, floor[x]}) IN
     /\ t <= MaxCounter
     /\ counter' = [counter EXCEPT ![n] = t]
     /\ granted' = [granted EXCEPT ![n] = t]
     /\ answers' = IF phase[x] \in {"asking", "raising"}
                   THEN [answers EXCEPT ![x][n] = @ \cup {t}]
                   ELSE answers
  /\ holder' = [holder EXCEPT ![n] = x]
  /\ UNCHANGED <<floor, phase, token, confirmed, past, forgot>>

(* Decides on the greatest of the answers received so far, of at least a quorum. *)
Decide(x) ==
  /\ phase[x] = "asking"
  /\ \E S \in SUBSET {n \in Nodes : answers[x][n] # {}} :
     /\ Cardinality(S) >= Quorum
     /\ \E heard \in [S -> UNION {answers[x][n] : n \in S}] :
        /\ \A n \in S : heard[n] \in answers[x][n]
        /\ LET t == Max({heard[n] : n \in S}) IN
           /\ token' = [token EXCEPT ![x] = t]
           /\ confirmed' = [confirmed EXCEPT ![x] =
                IF Flaw = "no write-back" THEN S ELSE {n \in S : heard[n] = t}]
  /\ phase' = [phase EXCEPT ![x] = "raising"]
  /\ UNCHANGED <<holder, granted, counter, answers, floor, past, forgot>>

(* Writes the token back to a node that answered with another, or not at all. *)
Raise(x, n) ==
  /\ phase[x] = "raising"
  /\ n \notin confirmed[x]
  /\ CASE Flaw = "no write-back" -> FALSE
       [] Flaw = "unconditional write-back" -> answers[x][n] # {}
       [] Flaw = "late grant" -> holder[n] = x
       [] OTHER -> holder[n] = x /\ granted[n] <= token[x]
  /\ counter' = [counter EXCEPT ![n] = Max({@, token[x]})]
  /\ granted' = [granted EXCEPT ![n] = IF holder[n] = x THEN token[x] ELSE @]
  /\ confirmed' = [confirmed EXCEPT ![x] = @ \cup {n}]
  /\ UNCHANGED <<holder, answers, floor, phase, token, past, forgot>>

(* An answer above the token came after the decision: take that, and confirm all nodes anew. *)
Higher(x) ==
  /\ phase[x] = "raising"
  /\ Flaw \in {"none", "old confirmations"}
  /\ \E n \in Nodes : \E t \in answers[x][n] :
     /\ t > token[x]
     /\ token' = [token EXCEPT ![x] = t]
     /\ confirmed' = [confirmed EXCEPT ![x] =
          IF Flaw = "old confirmations" THEN @ \cup {n} ELSE {n}]
  /\ UNCHANGED <<holder, granted, counter, answers, floor, phase, past, forgot>>

(* What it heard no longer matters, so it is dropped: a smaller model. *)
Succeed(x) ==
  /\ phase[x] = "raising"
  /\ Cardinality(confirmed[x]) >= Quorum
  /\ phase' = [phase EXCEPT ![x] = "done"]
  /\ answers' = [answers EXCEPT ![x] = [n \in Nodes |-> {}]]
  /\ confirmed' = [confirmed EXCEPT ![x] = {}]
  /\ UNCHANGED <<holder, granted, counter, floor, token, past, forgot>>

(* Gives up.  Before the decision it has no token to hand over, which is the same as waiting. *)
Withdraw(x) ==
  /\ phase[x] = "raising"
  /\ phase' = [phase EXCEPT ![x] = "withdrawn"]
  /\ answers' = [answers EXCEPT ![x] = [n \in Nodes |-> {}]]
  /\ confirmed' = [confirmed EXCEPT ![x] = {}]
  /\ UNCHANGED <<holder, granted, counter, floor, token, past, forgot>>

(* A release carries the token, too, so that counters that lag catch up. *)
Release(x, n) ==
  /\ phase[x] \in {"done", "withdrawn"}
  /\ holder[n] = x
  /\ holder' = [holder EXCEPT ![n] = None]
  /\ granted' = [granted EXCEPT ![n] = 0]
  /\ counter' = [counter EXCEPT ![n] = Max({@, token[x]})]
  /\ UNCHANGED <<answers, floor, phase, token, confirmed, past, forgot>>

(* The lease ends at a node, whoever believes what: its clock jumped, say. *)
Expire(n) ==
  /\ holder[n] # None
  /\ holder' = [holder EXCEPT ![n] = None]
  /\ granted' = [granted EXCEPT ![n] = 0]
  /\ UNCHANGED <<counter, answers, floor, phase, token, confirmed, past, forgot>>

(* A node loses its memory.  Floored: it grants again only once its clock is past every counter. *)
Forget(n) ==
  /\ Amnesia # "never"
  /\ ~forgot
  /\ forgot' = TRUE
  /\ holder' = [holder EXCEPT ![n] = None]
  /\ granted' = [granted EXCEPT ![n] = 0]
  /\ counter' = [counter EXCEPT ![n] =
       IF Amnesia = "floored" THEN Max({counter[m] : m \in Nodes}) ELSE 0]
  /\ UNCHANGED <<answers, floor, phase, token, confirmed, past>>

Next ==
  \/ \E x \in Attempts : Begin(x) \/ Decide(x) \/ Higher(x) \/ Succeed(x) \/ Withdraw(x)
  \/ \E x \in Attempts, n \in Nodes : Grant(x, n) \/ Raise(x, n) \/ Release(x, n)
  \/ \E n \in Nodes : Expire(n) \/ Forget(n)

Spec == Init /\ [][Next]_vars

Unique == \A x, y \in Done : x # y => token[x] # token[y]
RealTimeOrder == \A x \in Done : past[x] < token[x]

(* Without Reask the model is complete: no grant was left out because of the bound. *)
BoundNeverMet == \A n \in Nodes : counter[n] < MaxCounter

(* Nodes and attempts are alike, so a state stands for all that differ by names only. *)
Alike == Permutations(Nodes) \cup Permutations(Attempts)
=============================================================================
