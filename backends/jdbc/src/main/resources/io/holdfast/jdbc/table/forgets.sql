-- out: each setting with which a crash may forget what was acknowledged, and its value: none known
select name, claim from {table} where 1 = 0
